package discovery

import (
	"context"
	"errors"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// IsStale reports whether the inventory knows something newer. The fault that reports it may be
// the cause of another one.
func IsStale(err error) bool {
	for f, ok := errors.AsType[*fault.Error](err); ok; f, ok = errors.AsType[*fault.Error](f.Unwrap()) {
		if f.Reason == fault.ReasonStaleObservation {
			return true
		}
	}
	return false
}

// Observation is one try to observe a scope.
type Observation struct {
	Account  string
	Provider provider.ProviderName
	provider.ScopeID
	// Token and Time were taken before the first call to the cloud.
	Token int64
	Time  time.Time
	// EndToken was taken after its last answer: who began before that can't know
	// better. For an observation of a single instance.
	EndToken int64
	// Interval until the scope is due again; 0: not known.
	Interval time.Duration
}

// Roll lists the accounts on the roll.
type Roll interface {
	// Accounts calls page with all accounts whose settings changed at or after
	// since, some at a time.
	Accounts(ctx context.Context, since time.Time, page func([]provider.Account) error) error
	// Account is one of them; NotFound when it is not on the roll.
	Account(ctx context.Context, id string) (provider.Account, error)
}

// jitter is the share by which the time between two syncs varies, so that
// accounts put on the roll together drift apart.
const jitter = 0.1

// Jittered is an interval give or take a tenth, by a number from 0 to 1.
func Jittered(interval time.Duration, random float64) time.Duration {
	return time.Duration(float64(interval) * (1 - jitter + 2*jitter*random))
}
