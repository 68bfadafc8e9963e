package jobs

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// pruneArgs of a job that drops old runs.
type pruneArgs struct{}

func (pruneArgs) Kind() string { return "prune" }

func (pruneArgs) InsertOpts() river.InsertOpts { return once(controlQueue) }

type pruneWorker struct {
	river.WorkerDefaults[pruneArgs]
	scheduler *discovery.Scheduler
}

func (w *pruneWorker) Work(ctx context.Context, _ *river.Job[pruneArgs]) error {
	return w.scheduler.Prune(ctx)
}
