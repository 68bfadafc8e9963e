package operation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Instances is the inventory, as starts and stops need it.
type Instances interface {
	Recorder
	// Instance is one instance of the roll, also a gone one; NotFound when there
	// is none.
	Instance(ctx context.Context, id string) (*Held, error)
	// Lookup is the one instance with this provider id, in one account or, when
	// that is "", in all; NotFound when there is none.
	Lookup(ctx context.Context, providerID, account string) (*Held, error)
	// Select are the instances that a filter matches, at most so many, with how
	// many there are and how far that can be vouched for.
	Select(ctx context.Context, filter string, most int) (*Selection, error)
}

// Selection is what a filter matches.
type Selection struct {
	Instances         []*Held
	Total             int
	OldestObserveTime time.Time
	Unreachable       []string
}

// Ledger takes requests in. It is written to by many processes at once.
type Ledger interface {
	// CreateOperation stores an operation with its targets and a job, and what the
	// audit is told of them, all or nothing. A target that another operation works
	// on is stored as failed, with reason OPERATION_IN_PROGRESS; of an operation
	// that is no batch it is the error. An operation with the same request id is
	// given in its place.
	CreateOperation(ctx context.Context, operation *Operation, left time.Duration, entries []AuditEntry) (*Operation, error)
	// OperationByRequest is the operation of a request; NotFound when there is none.
	OperationByRequest(ctx context.Context, requestID string) (*Operation, error)
	// Audit adds entries.
	Audit(ctx context.Context, entries ...AuditEntry) error
	// NextToken is a fencing token larger than any before.
	NextToken(ctx context.Context) (int64, error)
}

// Dispatcher takes starts and stops that are asked for: it finds out what is
// meant, refuses what must not be, and has the rest worked. All fields must be
// set, but for Protection.
type Dispatcher struct {
	Providers  map[provider.ProviderName]provider.Provider
	Accounts   provider.Keyring
	Roll       discovery.Roll
	Instances  Instances
	Ledger     Ledger
	Limits     OperationLimits
	Protection Protection
	Logger     *slog.Logger
}

// Request is a start or stop as it is asked for.
type Request struct {
	Verb  provider.Verb
	Batch bool
	// Named are the instances, unless there is a Filter.
	Named        []Named
	Filter       string
	MaxInstances int
	MaxParallel  int
	ValidateOnly bool
	// RequestID and Hash as in Operation.
	RequestID   string
	Hash        []byte
	Etag        string
	Reason      string
	KeepStopped bool
	Requester   Requester
}

// Named is an instance as someone names it.
type Named struct {
	// ID is one of the roll or of the cloud.
	ID string
	// Account, Kind and Location narrow a search in the clouds; may be empty.
	Account  string
	Kind     provider.Kind
	Location string
}

// The bounds of a batch that states none.
const (
	defaultInstances = 100
	defaultParallel  = 20
	// resolveAtOnce is how many names are looked up at the same time.
	resolveAtOnce = 16
)

// Dispatch takes a request in. The operation is stored and will be worked; with
// ValidateOnly it is not stored, has no ID, and its targets are the plan.
func (d *Dispatcher) Dispatch(ctx context.Context, request Request) (*Operation, error) {
	operation, err := d.dispatch(ctx, request)
	if err == nil {
		return operation, nil
	}
	f, known := errors.AsType[*fault.Error](err)
	if !known {
		return nil, err
	}
	entry := request.operation().about(AuditRefused)
	entry.OutcomeReason, entry.Message = string(f.Reason), f.Message
	if !request.Batch && len(request.Named) == 1 {
		entry.Instance, entry.Account = request.Named[0].ID, request.Named[0].Account
	}
	if auditErr := d.Ledger.Audit(context.WithoutCancel(ctx), entry); auditErr != nil {
		d.Logger.Error("could not write a refused request to the audit", "reason", f.Reason, "error", auditErr)
	}
	return nil, err
}

func (d *Dispatcher) dispatch(ctx context.Context, request Request) (*Operation, error) {
	if request.RequestID != "" && !request.ValidateOnly {
		held, err := d.Ledger.OperationByRequest(ctx, request.RequestID)
		if err == nil {
			return sameRequest(held, request.Hash)
		}
		if fault.KindOf(err) != fault.KindNotFound {
			return nil, err
		}
	}
	operation := request.operation()
	candidates, err := d.candidates(ctx, &request, operation)
	if err != nil {
		return nil, err
	}
	if err := d.screen(ctx, &request, candidates); err != nil {
		return nil, err
	}
	for place, c := range candidates {
		target, err := c.target(place, request.Etag)
		if err != nil {
			return nil, err
		}
		operation.Targets = append(operation.Targets, target)
	}
	if request.ValidateOnly {
		return d.plan(ctx, operation)
	}
	stored, err := d.Ledger.CreateOperation(ctx, operation, d.Limits.TimeFor(operation.Targets), requested(operation))
	if err != nil {
		return nil, err
	}
	return sameRequest(stored, request.Hash)
}

// operation is the request as an operation without targets.
func (r *Request) operation() *Operation {
	parallel := r.MaxParallel
	if parallel == 0 {
		parallel = defaultParallel
	}
	return &Operation{
		Verb: r.Verb, Batch: r.Batch, State: OperationQueued, Requester: r.Requester, Reason: r.Reason,
		RequestID: r.RequestID, RequestHash: r.Hash, Filter: r.Filter, KeepStopped: r.KeepStopped, MaxParallel: parallel,
	}
}

// sameRequest holds an operation that a request id names to be the one asked for.
func sameRequest(held *Operation, hash []byte) (*Operation, error) {
	if held.RequestID == "" || bytes.Equal(held.RequestHash, hash) {
		return held, nil
	}
	return nil, fault.New(fault.KindInvalidArgument, "REQUEST_ID_REUSED",
		"another request has had the id %s: it became %s; take a new id for a new request", held.RequestID, OperationName(held.ID)).
		With("requestId", held.RequestID).With("operation", OperationName(held.ID))
}

// requested are the entries of an operation that was taken in.
func requested(operation *Operation) []AuditEntry {
	entries := make([]AuditEntry, 0, len(operation.Targets))
	for _, t := range operation.Targets {
		event := AuditRequested
		if t.State.Ended() {
			event = AuditRefused
		}
		entries = append(entries, operation.entry(event, t))
	}
	if len(operation.Targets) == 0 {
		entries = append(entries, operation.about(AuditRequested))
	}
	return entries
}

// candidate is an instance that is asked for.
type candidate struct {
	named   Named
	held    *Held
	refusal *fault.Error
}

// candidates are the instances that the request means.
func (d *Dispatcher) candidates(ctx context.Context, request *Request, operation *Operation) ([]*candidate, error) {
	most := request.MaxInstances
	if most == 0 {
		most = defaultInstances
	}
	if request.Filter == "" {
		if request.Batch && len(request.Named) > most {
			return nil, tooMany(len(request.Named), most)
		}
		return d.resolveAll(ctx, request)
	}
	selection, err := d.Instances.Select(ctx, request.Filter, most)
	if err != nil {
		return nil, err
	}
	if selection.Total > most {
		return nil, tooMany(selection.Total, most)
	}
	operation.OldestObserveTime, operation.Unreachable = selection.OldestObserveTime, selection.Unreachable
	candidates := make([]*candidate, len(selection.Instances))
	for n, held := range selection.Instances {
		candidates[n] = &candidate{named: Named{ID: held.ID}, held: held}
	}
	return candidates, nil
}

func tooMany(found, most int) error {
	return fault.New(fault.KindFailedPrecondition, "TOO_MANY_INSTANCES",
		"%d instances are meant, and at most %d may be; nothing was done. Narrow the filter, or set max_instances", found, most).
		With("count", fmt.Sprint(found)).With("maxInstances", fmt.Sprint(most))
}

// resolveAll finds each of the named instances. Of a batch each may fail alone.
func (d *Dispatcher) resolveAll(ctx context.Context, request *Request) ([]*candidate, error) {
	found := make([]*candidate, len(request.Named))
	until := d.until(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(resolveAtOnce)
	for n, named := range request.Named {
		group.Go(func() error {
			held, err := d.resolve(ctx, until, named)
			found[n] = &candidate{named: named, held: held}
			if err != nil && request.Batch && ctx.Err() == nil && fault.ReasonOf(err) != "UNAVAILABLE" {
				found[n].refusal, err = asRefusal(err), nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	candidates := found[:0]
	for _, c := range found {
		if c.held != nil && seen[c.held.ID] {
			continue // The same by another name.
		}
		if c.held != nil {
			seen[c.held.ID] = true
		}
		candidates = append(candidates, c)
	}
	return candidates, nil
}

// resolve finds an instance on the roll, or else in the clouds.
func (d *Dispatcher) resolve(ctx context.Context, until time.Time, named Named) (*Held, error) {
	if uuid.Validate(named.ID) == nil {
		return d.Instances.Instance(ctx, named.ID)
	}
	held, err := d.Instances.Lookup(ctx, named.ID, named.Account)
	if fault.KindOf(err) != fault.KindNotFound {
		return held, err
	}
	return d.locate(ctx, until, named)
}

// screen refuses what Rollcall itself does not allow. Of a batch each is refused
// alone.
func (d *Dispatcher) screen(ctx context.Context, request *Request, candidates []*candidate) error {
	accounts := map[string]*provider.Account{}
	for _, c := range candidates {
		if c.refusal != nil {
			continue
		}
		account := accounts[c.held.Account]
		if account == nil {
			found, err := d.Accounts.Account(ctx, c.held.Account)
			if err != nil && fault.KindOf(err) != fault.KindNotFound {
				return err
			}
			account = &found
			accounts[c.held.Account] = account
		}
		c.refusal = d.refusal(request, c.held, account)
		if c.refusal != nil && !request.Batch {
			return faultOf(c.refusal, c.held)
		}
	}
	return nil
}

func (d *Dispatcher) refusal(request *Request, held *Held, account *provider.Account) *fault.Error {
	switch {
	case held.Gone:
		return fault.ForReason(fault.ReasonNotFound, "it is gone from the cloud", "", nil)
	case request.Etag != "" && request.Etag != held.Etag:
		return etagMismatch(request.Etag, held.Etag)
	}
	if refusal := readOnly(account, request.Verb); refusal != nil {
		return refusal
	}
	return d.Protection.check(request.Verb, held.Instance.Labels)
}

// target is the candidate as a target of an operation.
func (c *candidate) target(place int, etag string) (*Target, error) {
	key, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	t := &Target{Place: place, Etag: etag, Key: key.String(), State: TargetPending}
	if c.held == nil {
		t.Instance, t.Account, t.Kind, t.Location = c.named.ID, c.named.Account, c.named.Kind, c.named.Location
		t.ProviderID = c.named.ID
	} else {
		h := c.held
		t.Instance, t.Account, t.Provider, t.ScopeID, t.Wanted = h.ID, h.Account, h.Provider, h.ScopeID, h.Wanted()
		t.CurrentState, t.ProviderState = h.Instance.State, h.Instance.ProviderState
		t.Exclusive = h.ID
	}
	if c.refusal != nil {
		t.Refusal, t.Exclusive = c.refusal, ""
		t.step(TargetFailed, c.refusal.Message)
	}
	return t, nil
}
