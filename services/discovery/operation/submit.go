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
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Service accepts requests to start and stop instances: it resolves the instances, refuses
// what is not allowed, and queues the operation. All fields must be set, except
// Protection.
type Service struct {
	Providers  map[cloud.Provider]provider.Provider
	Accounts   discovery.Accounts
	Inventory  Inventory
	Store      Store
	Limits     Limits
	Protection Protection
	Logger     *slog.Logger
}

// Request is a request to start or stop instances.
type Request struct {
	Verb  provider.Verb
	Batch bool
	// Named are the instances, if there is no Filter.
	Named        []Named
	Filter       string
	MaxInstances int
	MaxParallel  int
	ValidateOnly bool
	// RequestID and Hash are those of Operation.
	RequestID   string
	Hash        []byte
	Etag        string
	Reason      string
	KeepStopped bool
	Requester   Requester
}

// Named is an instance as a requester names it.
type Named struct {
	// ID is that of the inventory or of the cloud.
	ID string
	// Account, Kind and Location narrow a search in the clouds; they may be empty.
	Account  string
	Kind     cloud.Kind
	Location string
}

// The bounds of a batch that states none.
const (
	defaultInstances = 100
	defaultParallel  = 20
)

// Submit stores and queues an operation, and returns it. With ValidateOnly it is not
// stored, has no id, and its targets are the plan. Requests that are refused are in the
// audit.
func (s *Service) Submit(ctx context.Context, request Request) (*Operation, error) {
	operation, err := s.submit(ctx, &request)
	if err == nil {
		return operation, nil
	}
	f, known := errors.AsType[*fault.Error](err)
	if !known {
		return nil, err
	}
	entry := operationEntry(newOperation(&request), AuditRefused)
	entry.OutcomeReason, entry.Message = string(f.Reason), f.Message
	if !request.Batch && len(request.Named) == 1 {
		entry.Instance, entry.Account = request.Named[0].ID, request.Named[0].Account
	}
	if auditErr := s.Store.Audit(context.WithoutCancel(ctx), entry); auditErr != nil {
		s.Logger.Error("refused request not audited", "reason", f.Reason, "error", auditErr)
	}
	return nil, err
}

func (s *Service) submit(ctx context.Context, request *Request) (*Operation, error) {
	if request.RequestID != "" && !request.ValidateOnly {
		stored, err := s.Store.OperationByRequest(ctx, request.RequestID)
		if err == nil {
			return checkRequest(stored, request.Hash)
		}
		if fault.KindOf(err) != fault.KindNotFound {
			return nil, err
		}
	}
	operation := newOperation(request)
	candidates, err := s.resolve(ctx, request, operation)
	if err != nil {
		return nil, err
	}
	if err := s.screen(ctx, request, candidates); err != nil {
		return nil, err
	}
	for index, c := range candidates {
		operation.Targets = append(operation.Targets, c.target(index, request.Etag))
	}
	if request.ValidateOnly {
		return s.plan(ctx, operation)
	}
	stored, err := s.Store.CreateOperation(ctx, operation, s.Limits.TimeFor(operation.Targets), requestEntries(operation))
	if err != nil {
		return nil, err
	}
	return checkRequest(stored, request.Hash)
}

// newOperation returns the operation of a request, without targets.
func newOperation(r *Request) *Operation {
	parallel := r.MaxParallel
	if parallel == 0 {
		parallel = defaultParallel
	}
	return &Operation{
		Verb: r.Verb, Batch: r.Batch, State: StateQueued, Requester: r.Requester, Reason: r.Reason,
		RequestID: r.RequestID, RequestHash: r.Hash, Filter: r.Filter, KeepStopped: r.KeepStopped, MaxParallel: parallel,
	}
}

// checkRequest returns a stored operation if it is that of the request.
func checkRequest(stored *Operation, hash []byte) (*Operation, error) {
	if stored.RequestID == "" || bytes.Equal(stored.RequestHash, hash) {
		return stored, nil
	}
	return nil, fault.New(fault.KindInvalidArgument, fault.ReasonRequestIDReused,
		"the request id %s belongs to another request, which created %s; use a new id for a new request", stored.RequestID, Name(stored.ID)).
		With("requestId", stored.RequestID).With("operation", Name(stored.ID))
}

// requestEntries returns the audit entries of an operation that is about to be stored.
func requestEntries(operation *Operation) []AuditEntry {
	if len(operation.Targets) == 0 {
		return []AuditEntry{operationEntry(operation, AuditRequested)}
	}
	entries := make([]AuditEntry, 0, len(operation.Targets))
	for _, t := range operation.Targets {
		event := AuditRequested
		if t.State.Ended() {
			event = AuditRefused
		}
		entries = append(entries, targetEntry(operation, event, t))
	}
	return entries
}

// candidate is an instance that a request asks for.
type candidate struct {
	named Named
	// stored is nil if the instance was not found.
	stored  *Stored
	refusal *fault.Error
}

// resolveParallel is how many names are resolved at the same time.
const resolveParallel = 16

// resolve returns the instances that a request asks for.
func (s *Service) resolve(ctx context.Context, request *Request, operation *Operation) ([]*candidate, error) {
	limit := request.MaxInstances
	if limit == 0 {
		limit = defaultInstances
	}
	if request.Filter == "" {
		if request.Batch && len(request.Named) > limit {
			return nil, errTooMany(len(request.Named), limit)
		}
		return s.resolveNamed(ctx, request)
	}
	selection, err := s.Inventory.Select(ctx, request.Filter, limit)
	if err != nil {
		return nil, err
	}
	if selection.Total > limit {
		return nil, errTooMany(selection.Total, limit)
	}
	operation.OldestObserveTime, operation.Unreachable = selection.OldestObserveTime, selection.Unreachable
	candidates := make([]*candidate, len(selection.Instances))
	for n, stored := range selection.Instances {
		candidates[n] = &candidate{named: Named{ID: stored.ID}, stored: stored}
	}
	return candidates, nil
}

func errTooMany(found, limit int) error {
	return fault.New(fault.KindFailedPrecondition, fault.ReasonTooManyInstances,
		"the request is for %d instances and allows at most %d; nothing was done. Narrow the filter, or set max_instances", found, limit).
		With("count", fmt.Sprint(found)).With("maxInstances", fmt.Sprint(limit))
}

// resolveNamed resolves each of the named instances. In a batch, each may fail alone.
func (s *Service) resolveNamed(ctx context.Context, request *Request) ([]*candidate, error) {
	found := make([]*candidate, len(request.Named))
	deadline := s.deadline(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(resolveParallel)
	for n, named := range request.Named {
		group.Go(func() error {
			stored, err := s.resolveName(ctx, deadline, named)
			found[n] = &candidate{named: named, stored: stored}
			if err != nil && request.Batch && ctx.Err() == nil && fault.ReasonOf(err) != fault.ReasonUnavailable {
				found[n].refusal, err = refusalOf(err), nil
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
		if c.stored != nil && seen[c.stored.ID] {
			continue // The same instance by another name.
		}
		if c.stored != nil {
			seen[c.stored.ID] = true
		}
		candidates = append(candidates, c)
	}
	return candidates, nil
}

// resolveName finds an instance in the inventory, or else in the clouds.
func (s *Service) resolveName(ctx context.Context, deadline time.Time, named Named) (*Stored, error) {
	if uuid.Validate(named.ID) == nil {
		return s.Inventory.Instance(ctx, named.ID)
	}
	stored, err := s.Inventory.Lookup(ctx, named.ID, named.Account)
	if fault.KindOf(err) != fault.KindNotFound {
		return stored, err
	}
	return s.locate(ctx, deadline, named)
}

// deadline returns when the clouds are no longer asked for a caller: part of the caller's
// time is left for the answer.
func (s *Service) deadline(ctx context.Context) time.Time {
	now := time.Now()
	limit := s.Limits.Plan
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, deadline.Sub(now)*2/3)
	}
	return now.Add(limit)
}

// screen refuses what Rollcall itself does not allow. In a batch, each instance is refused
// alone.
func (s *Service) screen(ctx context.Context, request *Request, candidates []*candidate) error {
	accounts := map[string]*provider.Account{}
	for _, c := range candidates {
		if c.refusal != nil {
			continue
		}
		account := accounts[c.stored.Account]
		if account == nil {
			found, err := s.Accounts.Account(ctx, c.stored.Account)
			if err != nil && fault.KindOf(err) != fault.KindNotFound {
				return err
			}
			account = &found
			accounts[c.stored.Account] = account
		}
		c.refusal = s.refusal(request, c.stored, account)
		if c.refusal != nil && !request.Batch {
			return callerFault(c.refusal, c.stored.ID)
		}
	}
	return nil
}

func (s *Service) refusal(request *Request, stored *Stored, account *provider.Account) *fault.Error {
	if stored.Gone {
		return fault.ForReason(fault.ReasonNotFound, "it was deleted in the cloud", "", nil)
	}
	if refusal := checkEtag(request.Etag, stored.Etag); refusal != nil {
		return refusal
	}
	if refusal := checkWritable(account, request.Verb); refusal != nil {
		return refusal
	}
	return s.Protection.check(request.Verb, stored.Instance.Labels)
}

// target returns the candidate as a target of an operation.
func (c *candidate) target(index int, etag string) *Target {
	t := &Target{Index: index, Etag: etag, Key: uuid.NewString(), State: TargetPending}
	if c.stored == nil {
		t.Instance, t.Account, t.Kind, t.Location = c.named.ID, c.named.Account, c.named.Kind, c.named.Location
		t.ProviderID = c.named.ID
	} else {
		stored := c.stored
		t.Instance, t.Account, t.Provider, t.ScopeID, t.Wanted = stored.ID, stored.Account, stored.Provider, stored.ScopeID, stored.Wanted()
		t.CurrentState, t.ProviderState = stored.Instance.State, stored.Instance.ProviderState
		t.Exclusive = stored.ID
	}
	if c.refusal != nil {
		t.Refusal, t.Exclusive = c.refusal, ""
		t.step(TargetFailed, c.refusal.Message)
	}
	return t
}
