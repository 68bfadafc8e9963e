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

// Schedules stores when each account is due.
type Schedules interface {
	// Newest returns the newest update time of all known accounts; zero if there are none.
	Newest(ctx context.Context) (time.Time, error)
	// Follow stores the settings of accounts. An account that is new or has changed is due at once.
	Follow(ctx context.Context, accounts []provider.Account) error
	// QueueDue queues a run for each account that is due and has none, up to limit, and returns how
	// many.
	QueueDue(ctx context.Context, limit int) (int, error)
	// Waiting returns accounts that are not due yet and whose last run left scopes held, with those
	// scopes: up to limit accounts, and not always the same.
	Waiting(ctx context.Context, limit int) (map[string][]provider.ScopeID, error)
	// Hasten makes an account due now, unless it is paused or has a run.
	Hasten(ctx context.Context, account string) error
	// Reap ends runs whose worker is dead, makes their accounts due, and returns those accounts.
	Reap(ctx context.Context, lease time.Duration) ([]string, error)
	// Known lists the ids of known accounts that follow after, in order.
	Known(ctx context.Context, after string, limit int) ([]string, error)
	// Missing ends the runs of an account that was removed. It reports whether no worker can still be
	// reading the account.
	Missing(ctx context.Context, account string, lease time.Duration) (quiet bool, err error)
	// Forget deletes an account and all its runs.
	Forget(ctx context.Context, account string) error
	// Prune deletes runs that ended long ago, or of whose account there are many newer ones. It
	// returns how many.
	Prune(ctx context.Context, olderThan time.Duration, keep int) (int, error)
	// NextToken returns a fencing token that is larger than all before.
	NextToken(ctx context.Context) (int64, error)
}

const (
	// queueAtOnce bounds how many runs one tick queues.
	queueAtOnce = 200
	// waitingAtOnce bounds of how many accounts one tick checks whether their held scopes were
	// settled.
	waitingAtOnce = 20
	// overlap is how far back changed accounts are listed again: a change is stamped when its
	// transaction begins, and visible when it is committed.
	overlap = time.Minute
	// knownAtOnce is the page size for listing known accounts.
	knownAtOnce = 1000
	// keepRuns is how many runs of one account are kept.
	keepRuns = 50
)

// Scheduler decides which accounts are due. All fields must be set.
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

// Tick stores the accounts that changed since the last tick, and queues runs for those that are due.
// An account costs nothing until it changes, has a held scope or is due.
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
		// Known accounts are still synced while the accounts service is away.
		s.Logger.Warn("changed accounts not listed", "error", err)
	}
	if err := s.hasten(ctx); err != nil {
		s.Logger.Warn("held scopes not checked", "error", err)
	}
	_, err = s.Schedules.QueueDue(ctx, queueAtOnce)
	return err
}

// hasten makes an account due if one of its held scopes was settled, for example because a person
// confirmed it: its connection status is no longer true. A stored scope without an error is not
// held, so another run updates the connection too.
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
		settled := slices.ContainsFunc(scopes, func(scope StoredScope) bool {
			return scope.LastError == "" && slices.Contains(held, scope.ScopeID)
		})
		if !settled {
			continue
		}
		if err := s.Schedules.Hasten(ctx, account); err != nil {
			return err
		}
		s.Logger.Info("held scope settled; account due", "account", account)
	}
	return nil
}

// Reap ends the runs of dead workers.
func (s *Scheduler) Reap(ctx context.Context) error {
	accounts, err := s.Schedules.Reap(ctx, s.Lease)
	for _, account := range accounts {
		s.Logger.Warn("worker died during a run; account due again", "account", account)
	}
	return err
}

// Sweep lists all accounts, in case a change was missed, and removes accounts that were deleted from
// the inventory.
func (s *Scheduler) Sweep(ctx context.Context) error {
	exists := map[string]struct{}{}
	err := s.Accounts.Accounts(ctx, time.Time{}, func(accounts []provider.Account) error {
		for _, account := range accounts {
			exists[account.ID] = struct{}{}
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
			if _, ok := exists[account]; ok {
				continue
			}
			if err := s.remove(ctx, account); err != nil {
				s.Logger.Warn("deleted account not removed from the inventory yet", "account", account, "error", err)
			}
		}
		after = known[len(known)-1]
	}
}

// remove removes a deleted account from the inventory, once no worker reads it. The list of accounts
// may omit an account that exists, so the account is requested by name first.
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
	s.Logger.Info("deleted account removed from the inventory", "account", account)
	return s.Schedules.Forget(ctx, account)
}

// Prune deletes old runs.
func (s *Scheduler) Prune(ctx context.Context) error {
	pruned, err := s.Schedules.Prune(ctx, s.Retention, keepRuns)
	if pruned > 0 {
		s.Logger.Debug("old runs deleted", "runs", pruned)
	}
	return err
}
