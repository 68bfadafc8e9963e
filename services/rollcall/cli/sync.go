package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

type syncCommand struct {
	remote `embed:""`

	Accounts []string      `arg:"" optional:"" name:"account" help:"The accounts to read, such as aws-100000000001." complete:"account"`
	All      bool          `help:"All accounts that are not paused."`
	NoWait   bool          `help:"Only queue the runs."`
	Wait     time.Duration `help:"How long to wait for the runs to end." default:"30m"`
}

// Help is the end of --help.
func (c *syncCommand) Help() string {
	return `Exits with 1 when a run failed, or could read only some of its scopes. Ctrl-C ends the waiting, not the runs.`
}

// Run reads accounts now.
func (c *syncCommand) Run(ctx context.Context, s *session) error {
	names, err := c.names(ctx, s)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return advise("put one on it: rollcall accounts create --help", "there is no account to sync on the roll")
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
		fmt.Fprintf(s.err, "Stopped waiting; the runs go on. Follow them: %s\n", s.errStyle.bold("rollcall runs list"))
		return failed(exitInterrupted)
	}
	return summarize(s, outcomes, c.NoWait)
}

var errWaited = errors.New("the run had not ended when the waiting did; it goes on, see rollcall runs list")

// names are the accounts to sync, each once.
func (c *syncCommand) names(ctx context.Context, s *session) ([]string, error) {
	if c.All == (len(c.Accounts) > 0) {
		return nil, advise("name accounts, or give --all", "which accounts are to be read?")
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

// outcome is what came of one account: a run, or why there is none to be followed.
type outcome struct {
	account string
	run     *discoveryv1.SyncRun
	err     error
}

// one queues a run of one account and follows it to its end.
func (c *syncCommand) one(ctx context.Context, s *session, account string, saw func(*discoveryv1.SyncRun)) outcome {
	run, err := s.discovery().SyncAccount(ctx, &discoveryv1.SyncAccountRequest{Name: account})
	if err != nil {
		return outcome{account: account, err: err}
	}
	saw(run)
	if c.NoWait {
		return outcome{account: account, run: run}
	}
	last, err := follow(ctx, s, run.GetName(), saw)
	if last == nil {
		last = run
	}
	return outcome{account: account, run: last, err: err}
}

// follow watches a run until it has ended, across breaks of the stream, and returns it as it was last seen.
func follow(ctx context.Context, s *session, name string, saw func(*discoveryv1.SyncRun)) (last *discoveryv1.SyncRun, err error) {
	const patience = 5 // breaks in a row without news between them
	for breaks := 0; ; breaks++ {
		stream, err := s.discovery().WatchSyncRun(ctx, &discoveryv1.WatchSyncRunRequest{Name: name})
		for err == nil {
			var news *discoveryv1.WatchSyncRunResponse
			if news, err = stream.Recv(); err == nil {
				last, breaks = news.GetSyncRun(), 0
				saw(last)
				if hasEnded(last) {
					return last, nil
				}
			}
		}
		if ctx.Err() != nil {
			return last, context.Cause(ctx)
		}
		if !isPassing(err) || breaks == patience {
			return last, err
		}
		pause(ctx, time.Duration(breaks+1)*200*time.Millisecond)
	}
}

func hasEnded(run *discoveryv1.SyncRun) bool {
	return run.GetState() != discoveryv1.SyncRun_QUEUED && run.GetState() != discoveryv1.SyncRun_RUNNING
}

// atOnce is how many accounts are followed at the same time.
const atOnce = 32

// each calls work for 0 to n-1, some at the same time, and returns when all are done.
func each(n int, work func(i int)) {
	var all sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for i := range n {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			work(i)
		})
	}
	all.Wait()
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
