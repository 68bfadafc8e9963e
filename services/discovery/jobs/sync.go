package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

// syncArgs name a run to be worked.
type syncArgs struct {
	Run     string `json:"run" river:"unique"`
	Account string `json:"account"`
}

func (syncArgs) Kind() string { return "sync" }

// InsertOpts make the job unique by its run. Its account is kept to one run by
// the runs themselves: a dead worker's job is "running" to River for long, and
// must not stand in the way of the next.
func (syncArgs) InsertOpts() river.InsertOpts {
	options := once(syncQueue)
	options.UniqueOpts = river.UniqueOpts{ByArgs: true}
	return options
}

type syncWorker struct {
	river.WorkerDefaults[syncArgs]
	syncer *sync.Syncer
	limit  time.Duration
}

func (w *syncWorker) Timeout(*river.Job[syncArgs]) time.Duration { return w.limit }

func (w *syncWorker) Work(ctx context.Context, job *river.Job[syncArgs]) error {
	return w.syncer.Sync(ctx, job.Args.Run)
}
