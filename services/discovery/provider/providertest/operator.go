package providertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Thing is a type of instance that is started and stopped in its own way.
type Thing string

// The things.
const (
	Machine  Thing = "machine"
	Database Thing = "database"
	// Member is a database that starts and stops with its cluster.
	Member Thing = "member"
	// Suspended is a suspended machine. A start resumes it.
	Suspended Thing = "suspended"
)

// Strike is a fault of the next call that changes something.
type Strike string

// The strikes. The first ones have no effect in the cloud. The cloud accepts those from Lost on,
// whatever it answers.
const (
	Refused    Strike = "denied"      // the permission is missing
	TooMany    Strike = "throttled"   // the rate limit of the account
	NoCapacity Strike = "no-capacity" // the cloud has no machines left
	NoQuota    Strike = "no-quota"    // the quota of the account
	Cut        Strike = "cut"         // the connection ends before the call is read
	Error      Strike = "error"       // a server error, before the call is accepted

	Lost   Strike = "lost"    // the connection ends in place of the answer
	Silent Strike = "silent"  // there is no answer
	Fails  Strike = "fails"   // a server error, after the call was accepted
	GaveUp Strike = "gave-up" // the accepted call fails later
)

// OperatingCloud is a Cloud in which instances are started and stopped. Its time advances only in
// Settle.
type OperatingCloud interface {
	Cloud
	// Things returns the types of instances that the cloud has.
	Things() []Thing
	// Make creates a running instance, or a suspended one.
	Make(t testing.TB, thing Thing) (scope provider.ScopeID, id string)
	// Now returns the time of the cloud.
	Now() time.Time
	// Settle advances the time until all work has ended.
	Settle()
	// Strike makes the next call that changes something fail. It reports whether this cloud can fail
	// that way.
	Strike(t testing.TB, thing Thing, strike Strike) bool
	// Requests counts the requests to change the instance, and those that the cloud accepted.
	Requests(t testing.TB, thing Thing, id string) (all, taken int)
	// End deletes an instance, like its owner may at any time.
	End(t testing.TB, scope provider.ScopeID, id string)
}

// RunLifecycle checks the contract of provider.Operator.
func RunLifecycle(t *testing.T, newCloud func(testing.TB) OperatingCloud) {
	for _, thing := range newCloud(t).Things() {
		t.Run(string(thing)+"/Life", func(t *testing.T) { t.Parallel(); testLife(t, newCloud(t), thing) })
		t.Run(string(thing)+"/Ended", func(t *testing.T) { t.Parallel(); testEnded(t, newCloud(t), thing) })
		t.Run(string(thing)+"/Locate", func(t *testing.T) { t.Parallel(); testLocate(t, newCloud(t), thing) })
		for strike, want := range strikes {
			t.Run(string(thing)+"/Strike/"+string(strike), func(t *testing.T) { t.Parallel(); testStrike(t, newCloud(t), thing, strike, want) })
		}
	}
}

// subject is one instance under test.
type subject struct {
	t         *testing.T
	simulated OperatingCloud
	operator  provider.Operator
	thing     Thing
	scope     provider.ScopeID
	wanted    provider.Wanted
	orders    int
	// called is the time of the last order.
	called time.Time
}

func newSubject(t *testing.T, simulated OperatingCloud, thing Thing) *subject {
	t.Helper()
	operator, ok := open(t, simulated, simulated.Account()).(provider.Operator)
	if !ok {
		t.Fatal("the provider can't start and stop")
	}
	p := &subject{t: t, simulated: simulated, operator: operator, thing: thing}
	p.scope, p.wanted.ProviderID = simulated.Make(t, thing)
	return p
}

// check assesses a verb, and returns the order for it.
func (p *subject) check(verb provider.Verb) (provider.Assessment, provider.Order) {
	p.t.Helper()
	assessments, err := p.operator.Check(deadline(p.t), p.scope, verb, []provider.Wanted{p.wanted}, &collector{})
	if err != nil || len(assessments) != 1 || assessments[0].ProviderID != p.wanted.ProviderID {
		p.t.Fatalf("%+v, %v", assessments, err)
	}
	p.called = p.simulated.Now()
	order := provider.Order{ScopeID: p.scope, Verb: verb, Unit: assessments[0].Unit, Key: p.key()}
	if assessments[0].Instance != nil {
		order.Instance = *assessments[0].Instance
		p.wanted.ProviderURI, p.wanted.DisplayName = order.Instance.ProviderURI, order.Instance.DisplayName
	}
	return assessments[0], order
}

// key returns a new key for an order.
func (p *subject) key() string {
	p.orders++
	return fmt.Sprintf("4b8f5c6a-1111-4222-8333-%012d", p.orders)
}

// follow polls the progress of an order.
func (p *subject) follow(order *provider.Order, reference string) provider.Progress {
	p.t.Helper()
	lean := *order // Another process has no more than this.
	lean.Instance = provider.Instance{
		ProviderID: order.Instance.ProviderID, ProviderURI: order.Instance.ProviderURI, DisplayName: order.Instance.DisplayName,
		Zone: order.Instance.Zone, State: order.Instance.State,
	}
	progress, err := p.operator.Follow(deadline(p.t), p.scope,
		[]provider.PlacedOrder{{Order: lean, CallTime: p.called, Reference: reference}}, &collector{})
	if err != nil || len(progress) != 1 {
		p.t.Fatalf("%+v, %v", progress, err)
	}
	return progress[0]
}

// do completes a verb without a fault.
func (p *subject) do(verb provider.Verb) {
	p.t.Helper()
	assessment, order := p.check(verb)
	if assessment.Obstacle != nil {
		p.t.Fatalf("%s: %+v", verb, assessment.Obstacle)
	}
	if (p.thing == Member) != (assessment.Unit != "" && len(assessment.Notes) > 0) {
		p.t.Errorf("%s: the unit is %q, the notes are %q", verb, assessment.Unit, assessment.Notes)
	}
	calls := &collector{}
	receipt := p.operator.Act(deadline(p.t), order, calls)
	if receipt.Effect != provider.Taken || receipt.Refusal != nil || calls.requests.Load() != 1 {
		p.t.Fatalf("%s: %+v (%v), %d calls", verb, receipt, receipt.Refusal, calls.requests.Load())
	}
	for _, reference := range []string{receipt.Reference, ""} { // A lost reference is found again.
		progress := p.follow(&order, reference)
		if progress.Effect != provider.Taken || progress.Refusal != nil || progress.Reference != receipt.Reference {
			p.t.Errorf("%s, on its way: %+v (%v), want the reference %q", verb, progress, progress.Refusal, receipt.Reference)
		}
		if progress.Instance.State == verb.Wanted() && !progress.Busy {
			p.t.Errorf("%s ended too early: %+v", verb, progress)
		}
	}
	p.simulated.Settle()
	progress := p.follow(&order, receipt.Reference)
	if progress.Effect != provider.Taken || progress.Refusal != nil || progress.Busy || progress.Instance.State != verb.Wanted() {
		p.t.Errorf("%s, at the end: %+v (%v), %s", verb, progress, progress.Refusal, progress.Instance.State)
	}
}

// testLife checks that a running instance is stopped, started and stopped again with one call each.
func testLife(t *testing.T, simulated OperatingCloud, thing Thing) {
	p := newSubject(t, simulated, thing)
	verbs := []provider.Verb{provider.Stop, provider.Start, provider.Stop}
	if thing == Suspended {
		verbs = []provider.Verb{provider.Start, provider.Stop}
	}
	for _, verb := range verbs {
		p.do(verb)
	}
	if all, taken := simulated.Requests(t, thing, p.wanted.ProviderID); all != len(verbs) || taken != len(verbs) {
		t.Errorf("%d requests, %d taken, for %d orders", all, taken, len(verbs))
	}
}

// testEnded checks that the deletion of an instance is reported before, at and after the call.
func testEnded(t *testing.T, simulated OperatingCloud, thing Thing) {
	p := newSubject(t, simulated, thing)
	verb := provider.Stop
	if thing == Suspended {
		verb = provider.Start
	}
	_, order := p.check(verb)
	receipt := p.operator.Act(deadline(t), order, &collector{})
	if receipt.Effect != provider.Taken {
		t.Fatalf("%+v", receipt)
	}
	simulated.End(t, p.scope, p.wanted.ProviderID)
	if progress := p.follow(&order, ""); progress.Refusal == nil || progress.Refusal.Reason != fault.ReasonTerminated {
		t.Errorf("on its way: %+v (%v)", progress, progress.Refusal)
	}
	simulated.Settle()
	if progress := p.follow(&order, ""); progress.Refusal == nil || progress.Refusal.Reason != fault.ReasonTerminated {
		t.Errorf("in the end: %+v (%v)", progress, progress.Refusal)
	}
	assessment, _ := p.check(verb)
	gone := assessment.Evidence == provider.NotFound || assessment.Obstacle != nil && assessment.Obstacle.Reason == fault.ReasonTerminated
	if !gone {
		t.Errorf("before another call: %+v (%v)", assessment, assessment.Obstacle)
	}
	order.Key = p.key()
	receipt = p.operator.Act(deadline(t), order, &collector{})
	if thing != Member && (receipt.Effect != provider.NotTaken || receipt.Refusal == nil ||
		receipt.Refusal.Reason != fault.ReasonNotFound && receipt.Refusal.Reason != fault.ReasonInvalidState) {
		t.Errorf("another call: %+v (%v)", receipt, receipt.Refusal)
	}
}

// testLocate checks that an existing instance is found by its id or address alone, and that a deleted
// one is not found.
func testLocate(t *testing.T, simulated OperatingCloud, thing Thing) {
	p := newSubject(t, simulated, thing)
	_, order := p.check(provider.Stop)
	recognizer, ok := simulated.Provider().(provider.Recognizer)
	if !ok {
		t.Fatal("the provider does not recognize ids by their form")
	}
	for _, id := range []string{order.Instance.ProviderID, order.Instance.ProviderURI} {
		if kind, ok := recognizer.Recognizes(id); !ok || kind != p.scope.Kind {
			t.Errorf("%s is recognized as a %s, %v", id, kind, ok)
		}
		located, err := p.operator.Locate(deadline(t), provider.Hint{ProviderID: id}, &collector{})
		if err != nil || located == nil || located.ScopeID != p.scope || located.Instance.ProviderID != order.Instance.ProviderID {
			t.Errorf("%s: %+v, %v", id, located, err)
		}
		located, err = p.operator.Locate(deadline(t), provider.Hint{ProviderID: id, Kind: p.scope.Kind, Location: p.scope.Location}, &collector{})
		if err != nil || located == nil {
			t.Errorf("%s in %v: %+v, %v", id, p.scope, located, err)
		}
	}
	simulated.End(t, p.scope, p.wanted.ProviderID)
	if thing == Database || thing == Member {
		simulated.Settle()
		located, err := p.operator.Locate(deadline(t), provider.Hint{ProviderID: order.Instance.ProviderID}, &collector{})
		if located != nil || err != nil {
			t.Errorf("it was deleted, and was found: %+v, %v", located, err)
		}
	}
}

// outcome is the expected result of a strike.
type outcome struct {
	effect provider.Effect
	reason fault.Reason
	// retryable reports whether another call may succeed.
	retryable bool
	// taken reports whether the cloud accepted the call.
	taken bool
}

var strikes = map[Strike]outcome{
	Refused:    {provider.NotTaken, fault.ReasonPermissionDenied, false, false},
	TooMany:    {provider.NotTaken, fault.ReasonThrottled, true, false},
	NoCapacity: {provider.NotTaken, fault.ReasonInsufficientCapacity, true, false},
	NoQuota:    {provider.NotTaken, fault.ReasonQuotaExceeded, false, false},
	Cut:        {provider.InDoubt, fault.ReasonUnreachable, true, false},
	Error:      {provider.InDoubt, fault.ReasonUnreachable, true, false},
	Lost:       {provider.InDoubt, fault.ReasonUnreachable, true, true},
	Silent:     {provider.InDoubt, fault.ReasonUnreachable, true, true},
	Fails:      {provider.InDoubt, fault.ReasonUnreachable, true, true},
	GaveUp:     {provider.Taken, fault.ReasonCloudFailed, false, true},
}

// testStrike checks that a start that fails is reported with exactly the effect that is proven, that
// one request was made, and that following it finds the real effect.
func testStrike(t *testing.T, simulated OperatingCloud, thing Thing, strike Strike, want outcome) {
	p := newSubject(t, simulated, thing)
	before := 0
	if thing != Suspended {
		p.do(provider.Stop)
		before = 1
	}
	_, order := p.check(provider.Start)
	if !simulated.Strike(t, thing, strike) {
		t.Skipf("this cloud has no %s", strike)
	}
	calls := &collector{}
	receipt := p.operator.Act(deadline(t), order, calls)
	all, taken := simulated.Requests(t, thing, p.wanted.ProviderID)
	if calls.requests.Load() != 1 || all != before+1 {
		t.Errorf("%d calls were counted, and %d made", calls.requests.Load(), all-before)
	}
	// A cloud may accept a start without capacity, and report that later.
	late := receipt.Effect == provider.Taken && want.effect == provider.NotTaken && taken == before+1
	if !late && (taken == before+1) != want.taken {
		t.Fatalf("the cloud accepted %d, want it accepted: %v", taken-before, want.taken)
	}
	if receipt.Effect != want.effect && !late {
		t.Fatalf("%+v (%v), want %+v", receipt, receipt.Refusal, want)
	}
	if receipt.Effect != provider.Taken {
		checkRefusal(t, receipt.Refusal, want)
	}
	progress := p.follow(&order, receipt.Reference)
	if sure := progress.Effect == provider.Taken; sure != (taken == before+1) {
		t.Errorf("polled afterwards: %+v (%v), and the cloud accepted %d", progress, progress.Refusal, taken-before)
	}
	simulated.Settle()
	progress = p.follow(&order, progress.Reference)
	switch {
	case late, strike == GaveUp:
		checkRefusal(t, progress.Refusal, want)
	case want.taken && (progress.Instance.State != provider.StateRunning || progress.Refusal != nil),
		!want.taken && progress.Instance.State == provider.StateRunning:
		t.Errorf("in the end: %+v (%v), %s", progress, progress.Refusal, progress.Instance.State)
	}
}

func checkRefusal(t *testing.T, refusal *fault.Error, want outcome) {
	t.Helper()
	if refusal == nil || refusal.Reason != want.reason || refusal.Retryable != want.retryable || refusal.Message == "" {
		t.Errorf("%+v, want %s, retryable: %v", refusal, want.reason, want.retryable)
	}
}
