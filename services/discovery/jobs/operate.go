package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// operateArgs name an operation to be worked. The job is not unique: an operation
// whose worker died gets another while River still takes the first to be running.
// That one worker at a time works it is the operation's own row's to say.
type operateArgs struct {
	Operation string `json:"operation"`
}

func (operateArgs) Kind() string { return "operate" }

func (operateArgs) InsertOpts() river.InsertOpts { return once(operateQueue) }

type operateWorker struct {
	river.WorkerDefaults[operateArgs]
	executor *operation.Executor
}

// Timeout is none: an operation has a deadline of its own.
func (w *operateWorker) Timeout(*river.Job[operateArgs]) time.Duration { return -1 }

func (w *operateWorker) Work(ctx context.Context, job *river.Job[operateArgs]) error {
	return w.executor.Run(ctx, job.Args.Operation)
}
