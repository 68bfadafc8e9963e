package sync

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Limits bound a sync, so that no account, however large or broken, starves the
// others.
type Limits struct {
	// Lease is how long a worker is taken to be alive after it last said so; it
	// says so several times as often.
	Lease time.Duration
	// Run and Scope bound the reading of one account and of one scope.
	Run, Scope time.Duration
	// Verify bounds the trying of one account's credentials, for which someone
	// waits.
	Verify time.Duration
	// ScopesPerAccount are read at the same time.
	ScopesPerAccount int
	// Flush is the least time between two writes of how a run goes.
	Flush time.Duration
	// RetrySoon is when an account is due again after Rollcall itself failed.
	RetrySoon time.Duration
	// Slow is how long a run may take in which a cloud did not answer. Past it, the
	// account's next runs are worked by a few workers that all such accounts share,
	// until one is faster: however many hang, the others have theirs.
	Slow time.Duration
	// Settle is when an account is due again that has a scope which is held, twice
	// as long after each time in a row.
	Settle time.Duration
}

// DefaultLimits suit accounts from a few to some hundred thousand instances.
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

// interval is from one sync of the account to the next.
func (s *Syncer) interval(account provider.Account) time.Duration {
	if account.SyncInterval > 0 {
		return account.SyncInterval
	}
	return s.Interval
}

// slow tells whether a run that began then waited long for a cloud that did not
// answer.
func (s *Syncer) slow(began time.Time, failures ...*fault.Error) bool {
	if time.Since(began) < s.Limits.Slow {
		return false
	}
	return slices.ContainsFunc(failures, func(f *fault.Error) bool { return f.Reason == fault.ReasonUnreachable })
}

// next is when the account is due again after this outcome.
func (s *Syncer) next(account provider.Account, outcome Outcome) time.Duration {
	interval := s.interval(account)
	if outcome.OwnFault {
		interval = min(interval, s.Limits.RetrySoon)
	}
	return discovery.Jittered(interval, rand.Float64()) //nolint:gosec // Spreads load; nothing is to be guessed.
}
