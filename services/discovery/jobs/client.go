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
	// controlWorkers lets one slow pass not hold up the others.
	controlWorkers = 4
	// controlLimit bounds one pass.
	controlLimit = time.Minute

	// slowShare is how many workers there are for each that reads slow accounts.
	slowShare = 4

	fetchCooldown = 50 * time.Millisecond
	// keepDone is how long River keeps jobs that are done: runs hold what is worth
	// knowing, and a schedule pass a second adds up.
	keepDone = 10 * time.Minute
	// stopLimit bounds how long workers may take to give up their runs.
	stopLimit = 8 * time.Second
)

// Options are how to work jobs. All must be set.
type Options struct {
	// Workers is how many accounts this process reads at the same time. Besides,
	// one for every slowShare of them reads accounts whose clouds did not answer.
	Workers int
	// Operators is how many operations this process works at the same time; below
	// 1: none.
	Operators int
	// RunLimit bounds one run, reports included.
	RunLimit time.Duration
	// Every is how often each periodic job comes.
	Every Periods
	// Logger takes what River says.
	Logger *slog.Logger
}

// Periods are how often each periodic job comes.
type Periods struct {
	Schedule, Reap, Sweep, Prune time.Duration
	// Keep is how often what is to be kept stopped is gone through.
	Keep time.Duration
}

// DefaultPeriods bring a new account to a worker within a second or two.
func DefaultPeriods() Periods {
	return Periods{Schedule: time.Second, Reap: 3 * time.Second, Sweep: 15 * time.Second, Prune: time.Minute, Keep: 10 * time.Second}
}

// Client queues jobs and works them.
type Client struct {
	river *river.Client[pgx.Tx]
}

// Handlers are what jobs do.
type Handlers struct {
	Sync       *sync.Syncer
	Scheduler  *sync.Scheduler
	Executor   *operation.Executor
	Maintainer *operation.Maintainer
}

// Queue inserts jobs and works none.
type Queue struct {
	pool  *pgxpool.Pool
	river *river.Client[pgx.Tx]
}

// NewQueue is a Queue on a database that Migrate was called on.
func NewQueue(pool *pgxpool.Pool) (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{SkipUnknownJobCheck: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("make the job queue: %w", err)
	}
	return &Queue{pool: pool, river: client}, nil
}

// Enqueue adds a sync job for each run within tx, and gives their ids in the
// same order.
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

// EnqueueOperation adds a job for an operation within tx, to be worked after a
// while, and gives its id.
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

// New makes a client that works the queue's jobs by the handlers.
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

// periodic is a job without arguments that comes every so often, at first right
// away.
func periodic[A river.JobArgs](every time.Duration) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		var args A
		return args, nil
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

// once are the options of all our jobs of a queue.
func once(queue string) river.InsertOpts {
	return river.InsertOpts{Queue: queue, MaxAttempts: 1}
}

// Run works jobs until ctx ends, then has running ones give up and waits for
// that.
func (c *Client) Run(ctx context.Context) error {
	// Its own context, so that stopping is a step of its own, with a limit.
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if err := c.river.Start(working); err != nil {
		return fmt.Errorf("start the job workers: %w", err)
	}
	// A process that follows on one that was killed is not leader for a while.
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
