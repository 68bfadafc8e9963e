package operation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// lookAtOnce is how many instances one look is for at the most.
const lookAtOnce = 100

// places are the accounts and scopes that an operation works in.
type places struct {
	*Conductor
	ctx    context.Context //nolint:containedctx // The operation's, which outlives single targets.
	verb   provider.Verb
	logger *slog.Logger

	mu       sync.Mutex
	accounts map[string]*openedAccount
	scopes   map[placeKey]*place
}

type placeKey struct {
	account string
	provider.ScopeID
}

// openedAccount is an account that is signed in to, once for all its targets.
type openedAccount struct {
	mu       sync.Mutex
	account  provider.Account
	operator provider.Operator
}

// place is one scope of one account. Looks at its instances go together.
type place struct {
	*places
	key     placeKey
	account provider.Account
	operator
	checks  *batcher[provider.Wanted, sighting[provider.Assessment]]
	follows *batcher[provider.Pursuit, sighting[provider.Progress]]
}

type operator = provider.Operator

// sighting is what a look brought, with the tokens that were taken before and
// after it.
type sighting[T any] struct {
	seen T
	when
}

// when is when a look was.
type when struct {
	token, end int64
	time       time.Time
}

func newPlaces(ctx context.Context, c *Conductor, verb provider.Verb, logger *slog.Logger) *places {
	return &places{Conductor: c, ctx: ctx, verb: verb, logger: logger, accounts: map[string]*openedAccount{}, scopes: map[placeKey]*place{}}
}

// of is the place of a target, signed in to. Its error is a *refusedError, or ctx's.
func (p *places) of(ctx context.Context, accountID string, scope provider.ScopeID) (*place, error) {
	p.mu.Lock()
	opened := p.accounts[accountID]
	if opened == nil {
		opened = &openedAccount{}
		p.accounts[accountID] = opened
	}
	p.mu.Unlock()
	opened.mu.Lock()
	defer opened.mu.Unlock()
	if opened.operator == nil {
		if err := p.open(ctx, accountID, opened); err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, refused(asRefusal(err))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := placeKey{account: accountID, ScopeID: scope}
	if found := p.scopes[key]; found != nil {
		return found, nil
	}
	made := &place{places: p, key: key, account: opened.account, operator: opened.operator}
	made.checks = newBatcher(p.ctx, lookAtOnce, made.checkAll)   //nolint:contextcheck // A look belongs to several who ask.
	made.follows = newBatcher(p.ctx, lookAtOnce, made.followAll) //nolint:contextcheck // The same.
	p.scopes[key] = made
	return made, nil
}

// open signs in to an account, and makes sure that it is the one stated.
func (p *places) open(ctx context.Context, id string, into *openedAccount) error {
	ctx, cancel := context.WithTimeout(ctx, p.Limits.Look)
	defer cancel()
	account, operator, err := openOperator(ctx, p.Providers, p.Accounts, id)
	if err == nil {
		into.account, into.operator = account, operator
	}
	return err
}

// openOperator signs in to an account to start or stop something in it.
func openOperator(
	ctx context.Context, providers map[provider.ProviderName]provider.Provider, accounts provider.Keyring, id string,
) (provider.Account, provider.Operator, error) {
	account, err := accounts.Account(ctx, id)
	if err != nil {
		return account, nil, err
	}
	credentials, err := accounts.Credentials(ctx, id)
	if err != nil {
		return account, nil, err
	}
	session, err := provider.OpenSession(ctx, providers, account, credentials)
	if err != nil {
		return account, nil, refusedByCloud(err)
	}
	operator, able := session.(provider.Operator)
	if !able {
		return account, nil, refused(fault.ForReason(fault.ReasonUnsupported, fmt.Sprintf("this Rollcall can't start or stop what is in accounts of %s", account.Provider), "", nil))
	}
	identity, err := session.Identity(ctx)
	if err != nil {
		return account, nil, refusedByCloud(err)
	}
	return account, operator, refusedByCloud(provider.CheckIdentity(account, identity))
}

// refusedError is an error that ends a target: a fault of the cloud or of the request. Faults of
// Rollcall's own stores are no refusals.
type refusedError struct{ refusal *fault.Error }

// Error returns the message.
func (e *refusedError) Error() string { return e.refusal.Message }

// Unwrap returns the fault.
func (e *refusedError) Unwrap() error { return e.refusal }

// refused makes an error that ends a target.
func refused(refusal *fault.Error) error { return &refusedError{refusal: refusal} }

// refusedByCloud makes an error that ends a target of a provider's error; nil of nil.
func refusedByCloud(err error) error {
	if err == nil {
		return nil
	}
	return refused(provider.ActionFault(provider.FaultOf(err)))
}

// asRefusal is what an error on the way to a cloud comes to.
func asRefusal(err error) *fault.Error {
	if r, ok := errors.AsType[*refusedError](err); ok {
		return r.refusal
	}
	switch fault.KindOf(err) {
	case fault.KindNotFound:
		return fault.ForReason(fault.ReasonNotFound, err.Error(), "Put its account on the roll again.", err)
	case fault.KindUnavailable, fault.KindAborted:
		return fault.ForReason(fault.ReasonInternal, err.Error(), "Ask again in a while.", err).AsRetryable()
	default:
		return provider.ActionFault(provider.FaultOf(err))
	}
}

// Called counts nothing: budgets and their throttling are the providers' own.
func (p *places) Called(bool) {}

// checkAll looks at instances before the call.
func (p *place) checkAll(ctx context.Context, wanted []provider.Wanted) ([]sighting[provider.Assessment], error) {
	return look(ctx, p, func(ctx context.Context) ([]provider.Assessment, error) {
		return p.Check(ctx, p.key.ScopeID, p.verb, wanted, p)
	})
}

// followAll looks at how calls go.
func (p *place) followAll(ctx context.Context, pursuits []provider.Pursuit) ([]sighting[provider.Progress], error) {
	return look(ctx, p, func(ctx context.Context) ([]provider.Progress, error) {
		return p.Follow(ctx, p.key.ScopeID, pursuits, p)
	})
}

// look takes a token, looks, and takes another: what it saw is newer than what any
// reading has to say that had ended at the first, and no reading that began before
// the second may speak against it.
func look[T any](ctx context.Context, p *place, do func(context.Context) ([]T, error)) (sightings []sighting[T], err error) {
	defer provider.RecoverToError(p.logger, &err)
	token, err := p.Operations.NextToken(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, p.Limits.Look)
	defer cancel()
	at := time.Now()
	seen, err := do(limited)
	if err != nil {
		return nil, err
	}
	end, err := p.Operations.NextToken(ctx)
	if err != nil {
		return nil, err
	}
	sightings = make([]sighting[T], len(seen))
	for n := range seen {
		sightings[n] = sighting[T]{seen: seen[n], when: when{token: token, end: end, time: at}}
	}
	return sightings, nil
}

// record takes what was seen into the roll.
func (p *place) record(ctx context.Context, seen when, instance *provider.Instance) (*Held, error) {
	return p.Roll.Record(ctx, discovery.Observation{
		Account: p.key.account, Provider: p.account.Provider, ScopeID: p.key.ScopeID, Token: seen.token, Time: seen.time, EndToken: seen.end,
	}, instance)
}

// wait waits for the looks that are under way.
func (p *places) wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, scope := range p.scopes {
		scope.checks.wait()
		scope.follows.wait()
	}
}
