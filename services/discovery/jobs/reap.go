package jobs

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// reapArgs of a job that ends the runs of dead workers.
type reapArgs struct{}

func (reapArgs) Kind() string { return "reap" }

func (reapArgs) InsertOpts() river.InsertOpts { return once(controlQueue) }

type reapWorker struct {
	river.WorkerDefaults[reapArgs]
	scheduler *discovery.Scheduler
}

func (w *reapWorker) Work(ctx context.Context, _ *river.Job[reapArgs]) error {
	return w.scheduler.Reap(ctx)
}
