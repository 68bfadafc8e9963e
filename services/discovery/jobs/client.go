package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/postgres"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

const (
	syncQueue    = "sync"
	slowQueue    = "sync-slow"
	operateQueue = "operate"
	controlQueue = "control"
	// controlWorkers is how many periodic jobs run at the same time, so that a slow one does not delay
	// the others.
	controlWorkers = 4
	// controlLimit bounds one periodic job.
	controlLimit = time.Minute

	// slowShare is how many workers there are for each worker that reads slow accounts.
	slowShare = 4

	fetchCooldown = 50 * time.Millisecond
	// keepDone is how long River keeps finished jobs. Runs and operations have the results, and a
	// schedule job each second adds up.
	keepDone = 10 * time.Minute
	// stopLimit bounds how long workers may take to release their runs.
	stopLimit = 8 * time.Second
)

// Options configure the workers. All must be set.
type Options struct {
	// Workers is how many accounts this process reads at the same time. There is one more worker for
	// every slowShare of them, for accounts whose provider did not answer.
	Workers int
	// Operators is how many operations this process executes at the same time; none if below 1.
	Operators int
	// RunLimit bounds one run, including its reports.
	RunLimit time.Duration
	// Every is how often each periodic job runs.
	Every Periods
	// Logger receives the log of River.
	Logger *slog.Logger
}

// Periods are how often the periodic jobs run.
type Periods struct {
	Schedule, Reap, Sweep, Prune time.Duration
	// Keep is how often databases that are kept stopped are checked.
	Keep time.Duration
}

// DefaultPeriods returns periods with which a new account is synced within two seconds.
func DefaultPeriods() Periods {
	return Periods{Schedule: time.Second, Reap: 3 * time.Second, Sweep: 15 * time.Second, Prune: time.Minute, Keep: 10 * time.Second}
}

// Client runs the workers.
type Client struct {
	river *river.Client[pgx.Tx]
}

// Handlers do the work of the jobs.
type Handlers struct {
	Sync       *sync.Syncer
	Scheduler  *sync.Scheduler
	Executor   *operation.Executor
	Maintainer *operation.Maintainer
}

// Queue inserts jobs and runs none.
type Queue struct {
	pool  *pgxpool.Pool
	river *river.Client[pgx.Tx]
}

// NewQueue returns a Queue on a database that Migrate was called on.
func NewQueue(pool *pgxpool.Pool) (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{SkipUnknownJobCheck: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("make the job queue: %w", err)
	}
	return &Queue{pool: pool, river: client}, nil
}

// Enqueue adds a sync job for each run within tx, and returns their ids in the same order.
func (q *Queue) Enqueue(ctx context.Context, tx pgx.Tx, runs []postgres.QueuedRun) ([]int64, error) {
	params := make([]river.InsertManyParams, len(runs))
	for i, run := range runs {
		params[i] = river.InsertManyParams{Args: syncArgs{Run: run.Run, Account: run.Account}}
		if run.Slow {
			params[i].InsertOpts = &river.InsertOpts{Queue: slowQueue}
		}
	}
	results, err := q.river.InsertManyTx(ctx, tx, params)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(results))
	for i, result := range results {
		ids[i] = result.Job.ID
	}
	return ids, nil
}

// EnqueueOperation adds a job for an operation within tx, to be run after a delay, and returns its id.
func (q *Queue) EnqueueOperation(ctx context.Context, tx pgx.Tx, operation string, after time.Duration) (int64, error) {
	options := once(operateQueue)
	if after > 0 {
		options.ScheduledAt = time.Now().Add(after)
	}
	result, err := q.river.InsertTx(ctx, tx, operateArgs{Operation: operation}, &options)
	if err != nil {
		return 0, err
	}
	return result.Job.ID, nil
}

// New returns a client that runs the jobs of the queue with the handlers.
func New(queue *Queue, handlers Handlers, options Options) (*Client, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &syncWorker{syncer: handlers.Sync, limit: options.RunLimit})
	river.AddWorker(workers, &scheduleWorker{scheduler: handlers.Scheduler})
	river.AddWorker(workers, &reapWorker{scheduler: handlers.Scheduler, maintainer: handlers.Maintainer})
	river.AddWorker(workers, &sweepWorker{scheduler: handlers.Scheduler})
	river.AddWorker(workers, &pruneWorker{scheduler: handlers.Scheduler, maintainer: handlers.Maintainer})
	river.AddWorker(workers, &operateWorker{executor: handlers.Executor})
	river.AddWorker(workers, &keepWorker{maintainer: handlers.Maintainer})
	queues := map[string]river.QueueConfig{
		syncQueue:    {MaxWorkers: options.Workers},
		slowQueue:    {MaxWorkers: max(1, options.Workers/slowShare)},
		controlQueue: {MaxWorkers: controlWorkers},
	}
	if options.Operators > 0 {
		queues[operateQueue] = river.QueueConfig{MaxWorkers: options.Operators}
	}
	client, err := river.NewClient(riverpgxv5.New(queue.pool), &river.Config{
		Queues:  queues,
		Workers: workers,
		PeriodicJobs: []*river.PeriodicJob{
			periodic[scheduleArgs](options.Every.Schedule),
			periodic[reapArgs](options.Every.Reap),
			periodic[sweepArgs](options.Every.Sweep),
			periodic[pruneArgs](options.Every.Prune),
			periodic[keepArgs](options.Every.Keep),
		},
		FetchCooldown:               fetchCooldown,
		JobTimeout:                  controlLimit,
		RescueStuckJobsAfter:        options.RunLimit + controlLimit,
		CompletedJobRetentionPeriod: keepDone,
		CancelledJobRetentionPeriod: keepDone,
		DiscardedJobRetentionPeriod: keepDone,
		Logger:                      options.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("make the job workers: %w", err)
	}
	return &Client{river: client}, nil
}

// periodic returns a job without arguments that runs at an interval, the first time at once.
func periodic[A river.JobArgs](every time.Duration) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		var args A
		return args, nil
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

// once returns the options of a job in a queue: it is tried once.
func once(queue string) river.InsertOpts {
	return river.InsertOpts{Queue: queue, MaxAttempts: 1}
}

// Run runs jobs until ctx ends. Then it cancels those that are running and waits for them.
func (c *Client) Run(ctx context.Context) error {
	// A context of its own, so that stopping is a step with a limit.
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if err := c.river.Start(working); err != nil {
		return fmt.Errorf("start the job workers: %w", err)
	}
	// After another process was killed, this one is not the leader for a while.
	_, err := c.river.InsertMany(ctx, []river.InsertManyParams{{Args: reapArgs{}}, {Args: scheduleArgs{}}})
	if err == nil {
		<-ctx.Done()
	}
	stopping, release := context.WithTimeout(working, stopLimit)
	defer release()
	if stopErr := c.river.StopAndCancel(stopping); stopErr != nil {
		return errors.Join(err, fmt.Errorf("stop the job workers: %w", stopErr))
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}
