package operation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	// locateAccounts is how many accounts an instance is looked for in at the
	// most, and locateAtOnce how many at the same time.
	locateAccounts = 200
	locateAtOnce   = 8
)

// errFound ends a search.
var errFound = errors.New("found")

// locate looks for an instance in the clouds, by the cloud's own id, and takes it
// into the roll. It gives up at a time, so that there is some left to answer.
func (d *Dispatcher) locate(ctx context.Context, until time.Time, named Named) (*Held, error) {
	limited, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	accounts, err := d.whereToLook(limited, named)
	if limited.Err() != nil && ctx.Err() == nil {
		return nil, fault.New(fault.KindUnavailable, fault.ReasonUnreachable,
			"the roll does not have %s, and there was no time left to look for it in the clouds; ask for fewer at once", named.ID).
			With("providerId", named.ID)
	}
	if err != nil {
		return nil, err
	}
	if len(accounts) == 0 {
		return nil, notAnywhere(named.ID, "no account on the roll is of a cloud that gives such ids")
	}
	var (
		mu      sync.Mutex
		found   *Held
		blind   []string
		refused *fault.Error
	)
	group, looking := errgroup.WithContext(limited)
	group.SetLimit(locateAtOnce)
	for _, account := range accounts {
		group.Go(func() error {
			held, err := d.locateIn(looking, account.ID, named)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case held != nil:
				found = held
				return errFound
			case err != nil && (found == nil):
				refused = asRefusal(err)
				blind = append(blind, "accounts/"+account.ID+": "+refused.Message)
			}
			return nil
		})
	}
	_ = group.Wait() // What came of each is in the variables.
	switch {
	case found != nil:
		return found, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case len(blind) > 0:
		return nil, fault.New(fault.KindUnavailable, fault.ReasonUnreachable,
			"the roll does not have %s, and not all that could have it could be looked at: %s", named.ID, fault.Clip(strings.Join(blind, "; "))).
			With("providerId", named.ID)
	}
	return nil, notAnywhere(named.ID, fmt.Sprintf("neither has the cloud, in %d accounts that could", len(accounts)))
}

// until is when the clouds are no longer asked for the answer to a call: of the
// time that the caller gives, a part is kept to say what came of it.
func (d *Dispatcher) until(ctx context.Context) time.Time {
	now := time.Now()
	most := d.Limits.Validate
	if deadline, ok := ctx.Deadline(); ok {
		most = min(most, deadline.Sub(now)*2/3)
	}
	return now.Add(most)
}

func notAnywhere(id, also string) error {
	return fault.New(fault.KindNotFound, fault.ReasonNotFound, "the roll does not have %s; %s", id, also).With("providerId", id)
}

// whereToLook are the accounts that could have the instance.
func (d *Dispatcher) whereToLook(ctx context.Context, named Named) ([]provider.Account, error) {
	if named.Account != "" {
		account, err := d.Accounts.Account(ctx, named.Account)
		return []provider.Account{account}, err
	}
	recognized := map[provider.ProviderName]bool{}
	for name, p := range d.Providers {
		if recognizer, ok := p.(provider.Recognizer); ok {
			kind, known := recognizer.Recognizes(named.ID)
			recognized[name] = known && (named.Kind == "" || kind == named.Kind)
		}
	}
	var accounts []provider.Account
	err := d.Roll.Accounts(ctx, time.Time{}, func(page []provider.Account) error {
		for _, account := range page {
			if recognized[account.Provider] {
				accounts = append(accounts, account)
			}
		}
		return nil
	})
	if err == nil && len(accounts) > locateAccounts {
		err = fault.New(fault.KindFailedPrecondition, fault.ReasonNotFound,
			"the roll does not have %s, and %d accounts could: say in which to look", named.ID, len(accounts)).With("providerId", named.ID)
	}
	return accounts, err
}

// locateIn looks in one account; nil when it is not there.
func (d *Dispatcher) locateIn(ctx context.Context, accountID string, named Named) (*Held, error) {
	account, operator, err := openOperator(ctx, d.Providers, d.Accounts, accountID)
	if err != nil {
		return nil, err
	}
	for range d.Limits.Retries {
		token, err := d.Ledger.NextToken(ctx)
		if err != nil {
			return nil, err
		}
		at := time.Now()
		located, err := operator.Locate(ctx, provider.Hint{ProviderID: named.ID, Kind: named.Kind, Location: named.Location}, uncounted{})
		if err != nil || located == nil {
			return nil, refusedByCloud(err)
		}
		end, err := d.Ledger.NextToken(ctx)
		if err != nil {
			return nil, err
		}
		held, err := d.Instances.Record(ctx, discovery.Observation{
			Account: accountID, Provider: account.Provider, ScopeID: located.ScopeID, Token: token, Time: at, EndToken: end,
		}, &located.Instance)
		if !discovery.IsStale(err) {
			return held, err
		}
	}
	return nil, refused(fault.ForReason(fault.ReasonInternal, "the roll was read anew each time it was looked at", "Ask again in a while.", nil).AsRetryable())
}

// uncounted are calls that nobody counts.
type uncounted struct{}

func (uncounted) Called(bool) {}
