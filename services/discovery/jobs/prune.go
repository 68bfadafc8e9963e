package jobs

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

// pruneArgs are the arguments of a job that deletes old runs and operations.
type pruneArgs struct{}

func (pruneArgs) Kind() string { return "prune" }

func (pruneArgs) InsertOpts() river.InsertOpts { return once(controlQueue) }

type pruneWorker struct {
	river.WorkerDefaults[pruneArgs]
	scheduler  *sync.Scheduler
	maintainer *operation.Maintainer
}

func (w *pruneWorker) Work(ctx context.Context, _ *river.Job[pruneArgs]) error {
	return errors.Join(w.scheduler.Prune(ctx), w.maintainer.Prune(ctx))
}
