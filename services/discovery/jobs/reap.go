package jobs

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

// reapArgs are the arguments of a job that ends the runs of dead workers and queues their operations
// again.
type reapArgs struct{}

func (reapArgs) Kind() string { return "reap" }

func (reapArgs) InsertOpts() river.InsertOpts { return once(controlQueue) }

type reapWorker struct {
	river.WorkerDefaults[reapArgs]
	scheduler  *sync.Scheduler
	maintainer *operation.Maintainer
}

func (w *reapWorker) Work(ctx context.Context, _ *river.Job[reapArgs]) error {
	return errors.Join(w.scheduler.Reap(ctx), w.maintainer.Reap(ctx))
}
