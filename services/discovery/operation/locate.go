package operation

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	// locateAccounts is in how many accounts an instance is searched for, and
	// locateParallel in how many at the same time.
	locateAccounts = 200
	locateParallel = 8
)

// errFound ends a search.
var errFound = errors.New("found")

// locate searches the clouds for an instance by the cloud's own id, until a deadline, and
// stores it in the inventory.
func (s *Service) locate(ctx context.Context, deadline time.Time, named Named) (*Stored, error) {
	limited, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	accounts, err := s.accountsToSearch(limited, named)
	if limited.Err() != nil && ctx.Err() == nil {
		return nil, fault.New(fault.KindUnavailable, fault.ReasonUnreachable,
			"instance %s is not in the inventory, and there was no time left to search the clouds for it; name fewer instances at once", named.ID).
			With("providerId", named.ID)
	}
	if err != nil {
		return nil, err
	}
	if len(accounts) == 0 {
		return nil, errNotLocated("instance %s was not found in the inventory, and no account belongs to a cloud with such ids", named.ID)
	}
	var (
		mu          sync.Mutex
		found       *Stored
		unreachable []string
	)
	group, searching := errgroup.WithContext(limited)
	group.SetLimit(locateParallel)
	for _, account := range accounts {
		group.Go(func() error {
			stored, err := s.locateIn(searching, account.ID, named)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case stored != nil:
				found = stored
				return errFound
			case err != nil && found == nil:
				unreachable = append(unreachable, "accounts/"+account.ID+": "+refusalOf(err).Message)
			}
			return nil
		})
	}
	_ = group.Wait() // The results are in the variables.
	switch {
	case found != nil:
		return found, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case len(unreachable) > 0:
		return nil, fault.New(fault.KindUnavailable, fault.ReasonUnreachable,
			"instance %s is not in the inventory, and not all accounts could be searched for it: %s", named.ID, fault.Clip(strings.Join(unreachable, "; "))).
			With("providerId", named.ID)
	}
	return nil, errNotLocated("instance %s was not found in the inventory or in any of %d accounts", named.ID, len(accounts))
}

func errNotLocated(format, id string, args ...any) error {
	return fault.New(fault.KindNotFound, fault.ReasonNotFound, format, append([]any{id}, args...)...).With("providerId", id)
}

// accountsToSearch returns the accounts that may contain the instance.
func (s *Service) accountsToSearch(ctx context.Context, named Named) ([]provider.Account, error) {
	if named.Account != "" {
		account, err := s.Accounts.Account(ctx, named.Account)
		return []provider.Account{account}, err
	}
	recognized := map[cloud.Provider]bool{}
	for name, p := range s.Providers {
		if recognizer, ok := p.(provider.Recognizer); ok {
			kind, known := recognizer.Recognizes(named.ID)
			recognized[name] = known && (named.Kind == "" || kind == named.Kind)
		}
	}
	var accounts []provider.Account
	err := s.Accounts.Accounts(ctx, time.Time{}, func(page []provider.Account) error {
		for _, account := range page {
			if recognized[account.Provider] {
				accounts = append(accounts, account)
			}
		}
		return nil
	})
	if err == nil && len(accounts) > locateAccounts {
		err = fault.New(fault.KindFailedPrecondition, fault.ReasonNotFound,
			"instance %s is not in the inventory, and %d accounts may contain it: name the account", named.ID, len(accounts)).With("providerId", named.ID)
	}
	return accounts, err
}

// locateIn searches one account; it returns nil if the instance is not there.
func (s *Service) locateIn(ctx context.Context, accountID string, named Named) (*Stored, error) {
	account, operator, err := signIn{providers: s.Providers, accounts: s.Accounts}.open(ctx, accountID)
	if err != nil {
		return nil, err
	}
	observer := observer{tokens: s.Store, limit: s.Limits.Plan, logger: s.Logger}
	for range s.Limits.Retries {
		located, err := observe(ctx, observer, func(ctx context.Context) ([]*provider.Located, error) {
			one, err := operator.Locate(ctx, provider.Hint{ProviderID: named.ID, Kind: named.Kind, Location: named.Location}, uncounted{})
			return []*provider.Located{one}, err
		})
		if err != nil || located[0].value == nil {
			return nil, err
		}
		when, one := located[0].span, located[0].value
		stored, err := s.Inventory.Record(ctx, discovery.Observation{
			Account: accountID, Provider: account.Provider, ScopeID: one.ScopeID, Token: when.token, Time: when.time, EndToken: when.endToken,
		}, &one.Instance)
		if !discovery.IsStale(err) {
			return stored, err
		}
	}
	return nil, errOvertaken()
}
