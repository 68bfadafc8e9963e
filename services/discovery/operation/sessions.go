package operation

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// readBatch is how many instances the cloud is asked about at once.
const readBatch = 100

// signIn signs in to accounts.
type signIn struct {
	providers map[cloud.Provider]provider.Provider
	accounts  provider.CredentialSource
}

// open signs in to an account to start or stop something in it, and checks that the
// credentials belong to that account.
func (s signIn) open(ctx context.Context, id string) (provider.Account, provider.Operator, error) {
	account, err := s.accounts.Account(ctx, id)
	if err != nil {
		return account, nil, err
	}
	credentials, err := s.accounts.Credentials(ctx, id)
	if err != nil {
		return account, nil, err
	}
	opened, err := provider.OpenSession(ctx, s.providers, account, credentials)
	if err != nil {
		return account, nil, refuseByCloud(err)
	}
	operator, ok := opened.(provider.Operator)
	if !ok {
		return account, nil, refuse(fault.ForReason(fault.ReasonUnsupported,
			fmt.Sprintf("this version of Rollcall can't start or stop instances in accounts of %s", account.Provider), "", nil))
	}
	identity, err := opened.Identity(ctx)
	if err != nil {
		return account, nil, refuseByCloud(err)
	}
	return account, operator, refuseByCloud(provider.CheckIdentity(account, identity))
}

// observer numbers and bounds what is read from a cloud.
type observer struct {
	tokens Tokens
	limit  time.Duration
	logger *slog.Logger
}

// observed is the result of a read, with the fencing tokens that were taken before and
// after it.
type observed[T any] struct {
	value T
	span  span
}

// span is when a read took place.
type span struct {
	token, endToken int64
	time            time.Time
}

// observe reads between two fencing tokens: what it returns is newer than every reading
// that ended before the first, and no reading that began before the second contradicts it.
func observe[T any](ctx context.Context, o observer, read func(context.Context) ([]T, error)) (all []observed[T], err error) {
	defer provider.RecoverToError(o.logger, &err)
	token, err := o.tokens.NextToken(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	at := time.Now()
	values, err := read(limited)
	if err != nil {
		return nil, refuseByCloud(err)
	}
	end, err := o.tokens.NextToken(ctx)
	if err != nil {
		return nil, err
	}
	all = make([]observed[T], len(values))
	for n := range values {
		all[n] = observed[T]{value: values[n], span: span{token: token, endToken: end, time: at}}
	}
	return all, nil
}

// sessions are the sign-ins of one operation, one for each account.
type sessions struct {
	ctx       context.Context //nolint:containedctx // That of reads, which serve several targets.
	verb      provider.Verb
	signIn    signIn
	inventory Inventory
	observer  observer

	mu       sync.Mutex
	accounts map[string]*signedIn
	scopes   map[scopeKey]*session
}

type scopeKey struct {
	account string
	scope   provider.ScopeID
}

// signedIn is one account. Its lock is held while it is signed in to.
type signedIn struct {
	mu sync.Mutex
	// opened is nil until the sign-in has succeeded.
	opened *openedAccount
}

type openedAccount struct {
	account  provider.Account
	operator provider.Operator
}

func newSessions(ctx context.Context, verb provider.Verb, signIn signIn, inventory Inventory, observer observer) *sessions {
	return &sessions{
		ctx: ctx, verb: verb, signIn: signIn, inventory: inventory, observer: observer,
		accounts: map[string]*signedIn{}, scopes: map[scopeKey]*session{},
	}
}

// session returns the session of a scope. It signs in to the account first, if that has
// not been done. Its error is a refusal, or that of ctx.
func (s *sessions) session(ctx context.Context, accountID string, scope provider.ScopeID) (*session, error) {
	s.mu.Lock()
	account := s.accounts[accountID]
	if account == nil {
		account = &signedIn{}
		s.accounts[accountID] = account
	}
	s.mu.Unlock()
	opened, err := s.open(ctx, accountID, account)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, refuse(refusalOf(err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := scopeKey{account: accountID, scope: scope}
	if s.scopes[key] == nil {
		s.scopes[key] = newSession(s, opened, scope)
	}
	return s.scopes[key], nil
}

func (s *sessions) open(ctx context.Context, id string, into *signedIn) (*openedAccount, error) {
	into.mu.Lock()
	defer into.mu.Unlock()
	if into.opened != nil {
		return into.opened, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.observer.limit)
	defer cancel()
	account, operator, err := s.signIn.open(ctx, id)
	if err != nil {
		return nil, err
	}
	into.opened = &openedAccount{account: account, operator: operator}
	return into.opened, nil
}

// wait waits for the reads that are running.
func (s *sessions) wait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, scope := range s.scopes {
		scope.checks.wait()
		scope.polls.wait()
	}
}

// session is an account that is signed in to, and one scope of it. Reads of its instances
// are batched.
type session struct {
	account   provider.Account
	scope     provider.ScopeID
	verb      provider.Verb
	operator  provider.Operator
	inventory Inventory
	observer  observer
	checks    *batcher[provider.Wanted, observed[provider.Assessment]]
	polls     *batcher[provider.PlacedOrder, observed[provider.Progress]]
}

func newSession(of *sessions, opened *openedAccount, scope provider.ScopeID) *session {
	s := &session{
		account: opened.account, scope: scope, verb: of.verb, operator: opened.operator,
		inventory: of.inventory, observer: of.observer,
	}
	s.checks = newBatcher(of.ctx, readBatch, s.checkAll)
	s.polls = newBatcher(of.ctx, readBatch, s.pollAll)
	return s
}

// checkAll asks the cloud about instances before the call.
func (s *session) checkAll(ctx context.Context, wanted []provider.Wanted) ([]observed[provider.Assessment], error) {
	return observe(ctx, s.observer, func(ctx context.Context) ([]provider.Assessment, error) {
		return s.operator.Check(ctx, s.scope, s.verb, wanted, uncounted{})
	})
}

// pollAll asks the cloud about the progress of calls.
func (s *session) pollAll(ctx context.Context, calls []provider.PlacedOrder) ([]observed[provider.Progress], error) {
	return observe(ctx, s.observer, func(ctx context.Context) ([]provider.Progress, error) {
		return s.operator.Follow(ctx, s.scope, calls, uncounted{})
	})
}

// record stores an instance as it was observed in the inventory.
func (s *session) record(ctx context.Context, when span, instance *provider.Instance) (*Stored, error) {
	return s.inventory.Record(ctx, discovery.Observation{
		Account: s.account.ID, Provider: s.account.Provider, ScopeID: s.scope,
		Token: when.token, Time: when.time, EndToken: when.endToken,
	}, instance)
}

// uncounted counts no calls: API budgets belong to the providers.
type uncounted struct{}

// Called does nothing.
func (uncounted) Called(bool) {}
