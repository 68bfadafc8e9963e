package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// operateArgs are the arguments of a job that executes an operation. The job is not unique: an
// operation whose worker died gets another job while River still lists the first as running. The
// row of the operation ensures that one worker at a time executes it.
type operateArgs struct {
	Operation string `json:"operation"`
}

func (operateArgs) Kind() string { return "operate" }

func (operateArgs) InsertOpts() river.InsertOpts { return once(operateQueue) }

type operateWorker struct {
	river.WorkerDefaults[operateArgs]
	executor *operation.Executor
}

// Timeout returns no limit, because an operation has its own deadline.
func (w *operateWorker) Timeout(*river.Job[operateArgs]) time.Duration { return -1 }

func (w *operateWorker) Work(ctx context.Context, job *river.Job[operateArgs]) error {
	return w.executor.Run(ctx, job.Args.Operation)
}
