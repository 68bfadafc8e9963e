package jobs

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// keepArgs of a job that stops again what has started by itself.
type keepArgs struct{}

func (keepArgs) Kind() string { return "keep" }

func (keepArgs) InsertOpts() river.InsertOpts { return once(controlQueue) }

type keepWorker struct {
	river.WorkerDefaults[keepArgs]
	maintainer *operation.Maintainer
}

func (w *keepWorker) Work(ctx context.Context, _ *river.Job[keepArgs]) error {
	return w.maintainer.KeepStopped(ctx)
}
