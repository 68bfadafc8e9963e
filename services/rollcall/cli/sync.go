package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/internal/retry"
)

type syncCommand struct {
	remote `embed:""`

	Accounts []string      `arg:"" optional:"" name:"account" help:"The accounts to read, such as aws-100000000001." complete:"account"`
	All      bool          `help:"All accounts that are not paused."`
	NoWait   bool          `help:"Start the runs and exit, instead of waiting for their results."`
	Wait     time.Duration `help:"Maximum time to wait for the runs to end." default:"30m"`
}

// Help returns the end of the help text.
func (c *syncCommand) Help() string {
	return `The exit code is 1 if a run fails, or reads only some of its scopes. Ctrl-C stops waiting; the runs continue.`
}

// Run syncs accounts.
func (c *syncCommand) Run(ctx context.Context, s *session) error {
	names, err := c.names(ctx, s)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return advise("add an account; see rollcall accounts create --help", "there are no accounts to sync")
	}
	waiting, cancel := context.WithTimeoutCause(ctx, c.Wait, errWaited)
	defer cancel()
	show := newProgress(s, names)
	outcomes := make([]outcome, len(names))
	each(len(names), func(i int) {
		outcomes[i] = c.one(waiting, s, names[i], func(run *discoveryv1.SyncRun) { show.update(i, run) })
		show.end(i, outcomes[i])
	})
	show.stop()
	if ctx.Err() != nil {
		fmt.Fprintf(s.err, "Stopped waiting; the runs continue. To see them, run: %s\n", s.errStyle.bold("rollcall runs list"))
		return failed(exitInterrupted)
	}
	return summarize(s, outcomes, c.NoWait)
}

var errWaited = errors.New("the run did not end in time and continues; see rollcall runs list")

// names returns the accounts to sync, without duplicates.
func (c *syncCommand) names(ctx context.Context, s *session) ([]string, error) {
	if c.All == (len(c.Accounts) > 0) {
		return nil, advise("give the names of accounts, or --all", "there are no accounts in the command line")
	}
	var names []string
	seen := map[string]bool{}
	for _, given := range c.Accounts {
		if name := resource(accountsCollection, given); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	if !c.All {
		return names, nil
	}
	_, _, err := listing[*accountsv1.Account, *accountsv1.ListAccountsResponse]{
		fetch: func(ctx context.Context, size int32, token string) (*accountsv1.ListAccountsResponse, error) {
			return s.accounts().ListAccounts(ctx, &accountsv1.ListAccountsRequest{PageSize: size, PageToken: token, Filter: "paused = false"})
		},
		items: (*accountsv1.ListAccountsResponse).GetAccounts,
	}.each(ctx, 0, func(a *accountsv1.Account) error { names = append(names, a.GetName()); return nil })
	return names, err
}

// outcome is the result for one account: a run, or the error that prevented it or ended the wait.
type outcome struct {
	account string
	run     *discoveryv1.SyncRun
	err     error
}

// one starts a run of one account and waits for its end.
func (c *syncCommand) one(ctx context.Context, s *session, account string, onUpdate func(*discoveryv1.SyncRun)) outcome {
	run, err := s.discovery().SyncAccount(ctx, &discoveryv1.SyncAccountRequest{Name: account})
	if err != nil {
		return outcome{account: account, err: err}
	}
	onUpdate(run)
	if c.NoWait {
		return outcome{account: account, run: run}
	}
	last, err := follow(ctx, s, run.GetName(), onUpdate)
	if last == nil {
		last = run
	}
	return outcome{account: account, run: last, err: err}
}

// follow watches a run until it ends and returns its last state. It reconnects when the stream
// breaks.
func follow(ctx context.Context, s *session, name string, onUpdate func(*discoveryv1.SyncRun)) (last *discoveryv1.SyncRun, err error) {
	const maxFailures = 5 // failures in a row, without a message between them
	for failures := 0; ; failures++ {
		stream, err := s.discovery().WatchSyncRun(ctx, &discoveryv1.WatchSyncRunRequest{Name: name})
		for err == nil {
			var response *discoveryv1.WatchSyncRunResponse
			if response, err = stream.Recv(); err == nil {
				last, failures = response.GetSyncRun(), 0
				onUpdate(last)
				if hasEnded(last) {
					return last, nil
				}
			}
		}
		if ctx.Err() != nil {
			return last, context.Cause(ctx)
		}
		if !isTransient(err) || failures == maxFailures {
			return last, err
		}
		retry.Wait(ctx, time.Duration(failures+1)*200*time.Millisecond)
	}
}

func hasEnded(run *discoveryv1.SyncRun) bool {
	return run.GetState() != discoveryv1.SyncRun_QUEUED && run.GetState() != discoveryv1.SyncRun_RUNNING
}

// maxParallel is the number of accounts that are followed at the same time.
const maxParallel = 32

// each calls work for 0 to n-1, up to maxParallel at the same time, and returns when all are done.
func each(n int, work func(i int)) {
	var all sync.WaitGroup
	free := make(chan struct{}, maxParallel)
	for i := range n {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			work(i)
		})
	}
	all.Wait()
}
