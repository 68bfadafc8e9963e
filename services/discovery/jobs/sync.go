package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

// syncArgs are the arguments of a job that executes a sync run.
type syncArgs struct {
	Run     string `json:"run" river:"unique"`
	Account string `json:"account"`
}

func (syncArgs) Kind() string { return "sync" }

// InsertOpts makes the job unique by its run, and not by its account: for River, the job of a dead
// worker is running for long, and must not prevent the next one.
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
