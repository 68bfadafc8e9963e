package sync

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Limits bound a sync, so that no account takes the time of the others.
type Limits struct {
	// Lease is how long a worker keeps a run without renewing it. It renews several times as often.
	Lease time.Duration
	// Run and Scope bound reading one account and one scope.
	Run, Scope time.Duration
	// Verify bounds verifying the credentials of one account, for which a person waits.
	Verify time.Duration
	// ScopesPerAccount is how many scopes of one account are read at the same time.
	ScopesPerAccount int
	// Flush is the time between two writes of the progress of a run.
	Flush time.Duration
	// RetrySoon is how soon an account is due again after Rollcall itself failed.
	RetrySoon time.Duration
	// Slow is how long a run may take in which the provider did not answer. After a longer one, the
	// next runs of the account go to the few workers that all such accounts share, until one is
	// faster. So accounts that hang do not take the workers of the others.
	Slow time.Duration
	// Settle is how soon an account with a held scope is due again. It doubles with each such run in
	// a row.
	Settle time.Duration
}

// DefaultLimits returns limits for accounts with up to some hundred thousand instances.
func DefaultLimits() Limits {
	return Limits{
		Lease:            15 * time.Second,
		Run:              30 * time.Minute,
		Scope:            10 * time.Minute,
		Verify:           20 * time.Second,
		ScopesPerAccount: 8,
		Flush:            200 * time.Millisecond,
		RetrySoon:        10 * time.Second,
		Slow:             10 * time.Second,
		Settle:           30 * time.Second,
	}
}

// interval returns the time from one sync of the account to the next.
func (s *Syncer) interval(account provider.Account) time.Duration {
	if account.SyncInterval > 0 {
		return account.SyncInterval
	}
	return s.Interval
}

// isSlow reports whether a run that began at start waited long for a provider that did not answer.
func (s *Syncer) isSlow(start time.Time, failures ...*fault.Error) bool {
	if time.Since(start) < s.Limits.Slow {
		return false
	}
	return slices.ContainsFunc(failures, func(f *fault.Error) bool { return f.Reason == fault.ReasonUnreachable })
}

// next returns when the account is due again after an outcome.
func (s *Syncer) next(account provider.Account, outcome Outcome) time.Duration {
	interval := s.interval(account)
	if outcome.OwnFault {
		interval = min(interval, s.Limits.RetrySoon)
	}
	return discovery.Jittered(interval, rand.Float64()) //nolint:gosec // Spreads load; nothing is to be guessed.
}
