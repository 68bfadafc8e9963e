package jobs

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// keepArgs are the arguments of a job that stops databases again that their provider restarted.
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
