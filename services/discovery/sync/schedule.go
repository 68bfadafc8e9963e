package sync

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Schedules holds when each account is due.
type Schedules interface {
	// Newest is the newest update time of all accounts it knows; zero when it
	// knows none.
	Newest(ctx context.Context) (time.Time, error)
	// Follow takes over accounts' settings. One that is new or has changed is due
	// at once.
	Follow(ctx context.Context, accounts []provider.Account) error
	// QueueDue queues a run for each account that is due and has none, at most
	// limit of them, and tells how many.
	QueueDue(ctx context.Context, limit int) (int, error)
	// Waiting are accounts that are not due yet and whose last run left scopes held,
	// with those: at most limit accounts, and not always the same.
	Waiting(ctx context.Context, limit int) (map[string][]provider.ScopeID, error)
	// Hasten makes an account due now, unless it is paused or has a run.
	Hasten(ctx context.Context, account string) error
	// Reap ends runs whose worker is dead and makes their accounts due; it tells
	// which accounts'.
	Reap(ctx context.Context, lease time.Duration) ([]string, error)
	// Known are the accounts it knows, by id, after one of them.
	Known(ctx context.Context, after string, limit int) ([]string, error)
	// Missing ends the runs of an account that has left the roll, and tells
	// whether by now no worker can be reading it any more.
	Missing(ctx context.Context, account string, lease time.Duration) (quiet bool, err error)
	// Forget drops an account and all its runs.
	Forget(ctx context.Context, account string) error
	// Prune drops runs that ended long ago, or of which the account has many
	// newer ones, and tells how many.
	Prune(ctx context.Context, olderThan time.Duration, keep int) (int, error)
	// NextToken is a fencing token larger than any before.
	NextToken(ctx context.Context) (int64, error)
}

const (
	// queueAtOnce bounds how many runs one tick queues.
	queueAtOnce = 200
	// waitingAtOnce bounds of how many accounts one tick asks whether what they are
	// held for was settled.
	waitingAtOnce = 20
	// overlap is how far back changes are asked for again: they are stamped when
	// they begin and seen when they are committed.
	overlap = time.Minute
	// knownAtOnce is the page in which known accounts are gone through.
	knownAtOnce = 1000
	// keepRuns is how many runs of one account are kept at most.
	keepRuns = 50
)

// Scheduler decides what is due. All fields must be set.
type Scheduler struct {
	Accounts  discovery.Accounts
	Inventory Inventory
	Schedules Schedules
	// Lease as in Limits.
	Lease time.Duration
	// Retention is how long ended runs are kept.
	Retention time.Duration
	Logger    *slog.Logger
}

// Tick takes over what changed in the roll since the last time, and queues what
// is due. It is cheap: an account costs nothing until it changes, has a held
// scope or is due.
func (s *Scheduler) Tick(ctx context.Context) error {
	newest, err := s.Schedules.Newest(ctx)
	if err != nil {
		return err
	}
	if !newest.IsZero() {
		newest = newest.Add(-overlap)
	}
	err = s.Accounts.Accounts(ctx, newest, func(accounts []provider.Account) error { return s.Schedules.Follow(ctx, accounts) })
	if err != nil {
		// What is known goes on being read while the accounts service is away.
		s.Logger.Warn("could not ask for changed accounts", "error", err)
	}
	if err := s.hasten(ctx); err != nil {
		s.Logger.Warn("could not ask whether held scopes were settled", "error", err)
	}
	_, err = s.Schedules.QueueDue(ctx, queueAtOnce)
	return err
}

// hasten makes accounts due of which a held scope was settled since, as by a
// person who confirmed it: what their connection says is not true any more. What
// the roll has no fault to find with can't be held, so that another run settles
// the connection too.
func (s *Scheduler) hasten(ctx context.Context) error {
	waiting, err := s.Schedules.Waiting(ctx, waitingAtOnce)
	if err != nil {
		return err
	}
	for account, held := range waiting {
		scopes, err := s.Inventory.Scopes(ctx, account)
		if err != nil {
			return err
		}
		settled := slices.ContainsFunc(scopes, func(scope HeldScope) bool {
			return scope.LastError == "" && slices.Contains(held, scope.ScopeID)
		})
		if !settled {
			continue
		}
		if err := s.Schedules.Hasten(ctx, account); err != nil {
			return err
		}
		s.Logger.Info("a held scope was settled; its account is due", "account", account)
	}
	return nil
}

// Reap ends the runs of dead workers.
func (s *Scheduler) Reap(ctx context.Context) error {
	accounts, err := s.Schedules.Reap(ctx, s.Lease)
	for _, account := range accounts {
		s.Logger.Warn("a worker died in the middle of a run; the account is due again", "account", account)
	}
	return err
}

// Sweep goes through the whole roll, in case a change was overlooked, and takes
// accounts that have left it out of the inventory.
func (s *Scheduler) Sweep(ctx context.Context) error {
	onRoll := map[string]struct{}{}
	err := s.Accounts.Accounts(ctx, time.Time{}, func(accounts []provider.Account) error {
		for _, account := range accounts {
			onRoll[account.ID] = struct{}{}
		}
		return s.Schedules.Follow(ctx, accounts)
	})
	if err != nil {
		return fmt.Errorf("list the accounts: %w", err)
	}
	for after := ""; ; {
		known, err := s.Schedules.Known(ctx, after, knownAtOnce)
		if err != nil || len(known) == 0 {
			return err
		}
		for _, account := range known {
			if _, ok := onRoll[account]; ok {
				continue
			}
			if err := s.remove(ctx, account); err != nil {
				s.Logger.Warn("could not take an account off the roll yet", "account", account, "error", err)
			}
		}
		after = known[len(known)-1]
	}
}

// remove takes an account that is not on the roll any more out of the inventory,
// once nobody reads it. A list may lack what is there; asking for it by name
// may not.
func (s *Scheduler) remove(ctx context.Context, account string) error {
	if _, err := s.Accounts.Account(ctx, account); fault.KindOf(err) != fault.KindNotFound {
		return err
	}
	quiet, err := s.Schedules.Missing(ctx, account, s.Lease)
	if err != nil || !quiet {
		return err
	}
	token, err := s.Schedules.NextToken(ctx)
	if err != nil {
		return err
	}
	if err := s.Inventory.RemoveAccount(ctx, account, token); err != nil {
		return err
	}
	s.Logger.Info("an account has left the roll, and its instances with it", "account", account)
	return s.Schedules.Forget(ctx, account)
}

// Prune drops old runs.
func (s *Scheduler) Prune(ctx context.Context) error {
	pruned, err := s.Schedules.Prune(ctx, s.Retention, keepRuns)
	if pruned > 0 {
		s.Logger.Debug("pruned old runs", "runs", pruned)
	}
	return err
}
