package jobs

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

// sweepArgs are the arguments of a job that lists all accounts and removes deleted ones.
type sweepArgs struct{}

func (sweepArgs) Kind() string { return "sweep" }

func (sweepArgs) InsertOpts() river.InsertOpts { return once(controlQueue) }

type sweepWorker struct {
	river.WorkerDefaults[sweepArgs]
	scheduler *sync.Scheduler
}

func (w *sweepWorker) Work(ctx context.Context, _ *river.Job[sweepArgs]) error {
	return w.scheduler.Sweep(ctx)
}
