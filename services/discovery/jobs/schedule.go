package jobs

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

// scheduleArgs are the arguments of a job that follows the accounts and queues runs that are due.
type scheduleArgs struct{}

func (scheduleArgs) Kind() string { return "schedule" }

func (scheduleArgs) InsertOpts() river.InsertOpts { return once(controlQueue) }

type scheduleWorker struct {
	river.WorkerDefaults[scheduleArgs]
	scheduler *sync.Scheduler
}

func (w *scheduleWorker) Work(ctx context.Context, _ *river.Job[scheduleArgs]) error {
	return w.scheduler.Tick(ctx)
}
