package operation

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// transition is how long an instance of the fake cloud takes from one state to the next.
const transition = 10 * time.Second

// fakeCloud is a cloud with machines of one account, by the time of the test's bubble.
type fakeCloud struct {
	mu       sync.Mutex
	machines map[string]*fakeMachine
	// act replaces the answer to the n-th call, from 1; it calls do to have the cloud take it.
	act func(n int, do func() provider.Receipt) provider.Receipt
	// answerAfter is how long a call takes.
	answerAfter time.Duration
	// reads fail with this while it is set.
	readFault *fault.Error
	// calls are the times of the calls, and polls and checks count the reads.
	calls         []time.Time
	polls, checks int
	signIns       int
	located       *provider.Located
}

type fakeMachine struct {
	provider.Instance
	unit  string
	to    provider.State
	since time.Time
}

func newFakeCloud(states map[string]provider.State) *fakeCloud {
	c := &fakeCloud{machines: map[string]*fakeMachine{}}
	for id, state := range states {
		c.machines[id] = &fakeMachine{Instance: provider.Instance{ProviderID: id, DisplayName: id, State: state}}
	}
	return c
}

// instance returns a machine as it is now; nil if there is none.
func (c *fakeCloud) instance(id string) *provider.Instance {
	m := c.machines[id]
	if m == nil {
		return nil
	}
	if m.to != "" && time.Since(m.since) >= transition {
		m.State, m.to = m.to, ""
	}
	instance := m.Instance
	return &instance
}

func (c *fakeCloud) Open(context.Context, provider.Account, provider.Credentials) (provider.Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signIns++
	if c.readFault != nil {
		return nil, c.readFault
	}
	return &fakeSession{cloud: c}, nil
}

func (c *fakeCloud) Recognizes(string) (cloud.Kind, bool) { return cloud.VirtualMachine, true }

// fakeSession is a session of the fake cloud.
type fakeSession struct {
	provider.Session
	cloud *fakeCloud
}

func (s *fakeSession) Identity(context.Context) (string, error)   { return "1", nil }
func (s *fakeSession) IdempotencyWindow(cloud.Kind) time.Duration { return 0 }
func (s *fakeSession) find(id string) provider.Finding {
	if instance := s.cloud.instance(id); instance != nil {
		return provider.Finding{ProviderID: id, Evidence: provider.Found, Instance: instance}
	}
	return provider.Finding{ProviderID: id, Evidence: provider.NotFound}
}

func (s *fakeSession) Probe(context.Context, provider.ScopeID, []provider.Wanted, provider.Calls) ([]provider.Finding, error) {
	return nil, nil
}

func (s *fakeSession) Check(
	_ context.Context, _ provider.ScopeID, _ provider.Verb, wanted []provider.Wanted, _ provider.Calls,
) ([]provider.Assessment, error) {
	s.cloud.mu.Lock()
	defer s.cloud.mu.Unlock()
	s.cloud.checks++
	all := make([]provider.Assessment, len(wanted))
	for n := range wanted {
		all[n].Finding = s.find(wanted[n].ProviderID)
		if m := s.cloud.machines[wanted[n].ProviderID]; m != nil {
			all[n].Unit = m.unit
		}
	}
	if s.cloud.readFault != nil {
		return nil, s.cloud.readFault
	}
	return all, nil
}

func (s *fakeSession) Follow(
	_ context.Context, _ provider.ScopeID, orders []provider.PlacedOrder, _ provider.Calls,
) ([]provider.Progress, error) {
	s.cloud.mu.Lock()
	defer s.cloud.mu.Unlock()
	if s.cloud.polls++; s.cloud.polls > 1000 { // Polled without a pause: fail rather than hang.
		clear(s.cloud.machines)
		s.cloud.readFault = nil
	}
	if s.cloud.readFault != nil {
		return nil, s.cloud.readFault
	}
	all := make([]provider.Progress, len(orders))
	for n := range orders {
		all[n] = provider.Progress{Finding: s.find(orders[n].Instance.ProviderID), Effect: provider.InDoubt}
		if i := all[n].Instance; i != nil && i.State == provider.StateTerminated {
			all[n].Refusal = fault.ForReason(fault.ReasonTerminated, "terminated", "", nil)
		}
	}
	return all, nil
}

func (s *fakeSession) Act(ctx context.Context, order provider.Order, _ provider.Calls) provider.Receipt {
	if s.cloud.answerAfter > 0 {
		select {
		case <-ctx.Done():
			return provider.Receipt{Effect: provider.InDoubt, Refusal: passing()}
		case <-time.After(s.cloud.answerAfter):
		}
	}
	s.cloud.mu.Lock()
	defer s.cloud.mu.Unlock()
	s.cloud.calls = append(s.cloud.calls, time.Now())
	do := func() provider.Receipt {
		for id, m := range s.cloud.machines {
			if id != order.Instance.ProviderID && (order.Unit == "" || m.unit != order.Unit) {
				continue
			}
			m.State, m.to, m.since = provider.StateStopping, provider.StateStopped, time.Now()
			if order.Verb == provider.Start {
				m.State, m.to = provider.StatePending, provider.StateRunning
			}
		}
		return provider.Receipt{Effect: provider.Taken}
	}
	if s.cloud.act == nil {
		return do()
	}
	return s.cloud.act(len(s.cloud.calls), do)
}

func (s *fakeSession) Locate(context.Context, provider.Hint, provider.Calls) (*provider.Located, error) {
	s.cloud.mu.Lock()
	defer s.cloud.mu.Unlock()
	if s.cloud.readFault != nil {
		return nil, s.cloud.readFault
	}
	return s.cloud.located, nil
}

// fakeStore stores one operation in memory.
type fakeStore struct {
	Store
	counter

	mu        sync.Mutex
	operation *Operation
	left      time.Duration
	created   []*Operation
	// saved are the states that were stored of the first target.
	saved    []TargetState
	entries  []AuditEntry
	kept     []time.Time
	ended    bool
	released []time.Duration
	// cancelAt and awayUntil are times since the bubble began; zero: never.
	cancelled bool
	lost      bool
	away      bool
	// cancelAtCall cancels the operation just before its call is stored.
	cancelAtCall bool
	// exclusive maps what other operations hold.
	exclusive map[string]bool
}

var errAway = fault.Unavailable("the store", nil)

func (s *fakeStore) ClaimOperation(_ context.Context, id, _ string, _ time.Duration) (Claim, *Operation, error) {
	if s.operation == nil {
		return Claim{}, nil, fault.NotFound(Name(id))
	}
	return Claim{Operation: id, Token: 1, Left: s.left}, s.operation, nil
}

func (s *fakeStore) RenewOperation(context.Context, Claim, time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cancelled, s.fault()
}

func (s *fakeStore) fault() error {
	switch {
	case s.lost:
		return ErrOperationLost(Claim{Operation: "o"})
	case s.away:
		return errAway
	}
	return nil
}

func (s *fakeStore) SaveTarget(ctx context.Context, _ Claim, t *Target, entries ...AuditEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.fault(); err != nil {
		return err
	}
	if s.exclusive[t.Exclusive] {
		return ErrInProgress(t.Exclusive, "other")
	}
	if t.Index == 0 {
		s.saved = append(s.saved, t.State)
	}
	s.entries = append(s.entries, entries...)
	return nil
}

func (s *fakeStore) CallTarget(ctx context.Context, claim Claim, t *Target, entry AuditEntry) error {
	if s.cancelAtCall {
		return ErrOperationCancelled("o")
	}
	t.CallTime = time.Now()
	return s.SaveTarget(ctx, claim, t, entry)
}

func (s *fakeStore) KeepStopped(_ context.Context, _ Claim, _ *Target, at time.Time) error {
	s.kept = append(s.kept, at)
	return nil
}

func (s *fakeStore) EndOperation(context.Context, Claim) error {
	s.ended = true
	return nil
}

func (s *fakeStore) ReleaseOperation(_ context.Context, _ Claim, after time.Duration) error {
	s.released = append(s.released, after)
	return nil
}

func (s *fakeStore) Audit(_ context.Context, entries ...AuditEntry) error {
	s.entries = append(s.entries, entries...)
	return nil
}

func (s *fakeStore) OperationByRequest(_ context.Context, id string) (*Operation, error) {
	for _, o := range s.created {
		if o.RequestID == id {
			return o, nil
		}
	}
	return nil, fault.NotFound("request")
}

func (s *fakeStore) CreateOperation(_ context.Context, o *Operation, left time.Duration, entries []AuditEntry) (*Operation, error) {
	o.ID, s.left = uuid.NewString(), left
	s.created, s.entries = append(s.created, o), append(s.entries, entries...)
	return o, nil
}

// NextToken locks the counter.
func (s *fakeStore) NextToken(ctx context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault(); err != nil && s.away {
		return 0, err
	}
	return s.counter.NextToken(ctx)
}

// fakeInventory stores instances in memory, by provider id.
type fakeInventory struct {
	mu        sync.Mutex
	stored    map[string]*Stored
	recorded  []provider.State
	stale     int
	away      bool
	selection *Selection
}

func (i *fakeInventory) Record(_ context.Context, o discovery.Observation, instance *provider.Instance) (*Stored, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.away:
		return nil, errAway
	case i.stale > 0:
		i.stale--
		return nil, fault.ForReason(fault.ReasonStaleObservation, "stale", "", nil)
	case o.Token == 0 || o.EndToken <= o.Token || o.Time.IsZero() || o.Account != "a":
		return nil, fmt.Errorf("recorded as %+v", o)
	}
	i.recorded = append(i.recorded, instance.State)
	stored := i.stored[instance.ProviderID]
	if stored == nil {
		stored = &Stored{ID: uuid.NewString(), Account: "a", Provider: cloud.AWS, Etag: "new"}
	}
	stored.Instance = *instance
	return stored, nil
}

func (i *fakeInventory) Instance(_ context.Context, id string) (*Stored, error) {
	for _, stored := range i.stored {
		if stored.ID == id {
			return stored, nil
		}
	}
	return nil, fault.NotFound(InstanceName(id))
}

func (i *fakeInventory) Lookup(_ context.Context, providerID, _ string) (*Stored, error) {
	if stored := i.stored[providerID]; stored != nil {
		return stored, nil
	}
	return nil, fault.NotFound(providerID)
}

func (i *fakeInventory) Select(context.Context, string, int) (*Selection, error) {
	return i.selection, nil
}

// fakeAccounts has one account, a.
type fakeAccounts struct{ readOnly bool }

func (a fakeAccounts) Account(_ context.Context, id string) (provider.Account, error) {
	if id != "a" {
		return provider.Account{}, fault.NotFound("accounts/" + id)
	}
	return provider.Account{ID: "a", Provider: cloud.AWS, CloudID: "1", ReadOnly: a.readOnly}, nil
}

func (fakeAccounts) Credentials(context.Context, string) (provider.Credentials, error) {
	return provider.AWSDefault{}, nil
}

func (a fakeAccounts) Accounts(ctx context.Context, _ time.Time, page func([]provider.Account) error) error {
	account, err := a.Account(ctx, "a")
	if err != nil {
		return err
	}
	return page([]provider.Account{account})
}

var silent = slog.New(slog.DiscardHandler)

func providers(c *fakeCloud) map[cloud.Provider]provider.Provider {
	return map[cloud.Provider]provider.Provider{cloud.AWS: c}
}

// stopOf returns an operation that stops machines of the fake cloud.
func stopOf(ids ...string) *Operation {
	o := &Operation{ID: "o", Verb: provider.Stop, MaxParallel: 10}
	for n, id := range ids {
		o.Targets = append(o.Targets, &Target{
			Index: n, Instance: id, Account: "a", Provider: cloud.AWS, State: TargetPending, Exclusive: id,
			ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "eu-west-1"},
			Wanted:  provider.Wanted{ProviderID: id}, Key: uuid.NewString(),
		})
	}
	return o
}
