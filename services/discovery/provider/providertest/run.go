package providertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// maxTime is the deadline of one call of a provider. It is far more than the limits of the providers,
// so that only a call that hangs meets it.
const maxTime = 30 * time.Second

// deadline returns a context that ends a call that hangs.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), maxTime)
	t.Cleanup(cancel)
	return ctx
}

// Run checks the contract of provider.Provider. newCloud makes a cloud for each test.
func Run(t *testing.T, newCloud func(testing.TB) Cloud) {
	t.Run("Identity", func(t *testing.T) { t.Parallel(); testIdentity(t, newCloud(t)) })
	t.Run("Scopes", func(t *testing.T) { t.Parallel(); testScopes(t, newCloud(t)) })
	t.Run("Wanted", func(t *testing.T) { t.Parallel(); testWanted(t, newCloud(t)) })
	t.Run("Truth", func(t *testing.T) { t.Parallel(); testTruth(t, newCloud(t)) })
	t.Run("Flaky", func(t *testing.T) { t.Parallel(); testFlaky(t, newCloud(t)) })
	t.Run("SinkFails", func(t *testing.T) { t.Parallel(); testSinkFails(t, newCloud(t)) })
	t.Run("Batch", func(t *testing.T) { t.Parallel(); testBatch(t, newCloud(t)) })
	t.Run("Cancel", func(t *testing.T) { t.Parallel(); testCancel(t, newCloud(t)) })
	for _, fault := range slices.Sorted(maps.Keys(reasons)) {
		for _, kind := range []cloud.Kind{cloud.VirtualMachine, cloud.Database} {
			t.Run(string(fault)+"/"+string(kind), func(t *testing.T) { t.Parallel(); testFault(t, newCloud(t), kind, fault) })
		}
	}
	runProbe(t, newCloud)
	for _, fault := range []Fault{Denied, Throttled, Down, Hung, Broken, Blank, Expired, Revoked} {
		t.Run("SignIn/"+string(fault), func(t *testing.T) { t.Parallel(); testSignInFault(t, newCloud(t), fault) })
	}
}

func open(t *testing.T, simulated Cloud, account provider.Account) provider.Session {
	t.Helper()
	session, err := simulated.Provider().Open(deadline(t), account, simulated.Credentials())
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// collector is a Sink that stores the ids.
type collector struct {
	ids                 []string
	requests, throttled atomic.Int64
	fail                error
}

func (c *collector) Page(_ context.Context, instances []provider.Instance) error {
	for _, instance := range instances {
		c.ids = append(c.ids, instance.ProviderID)
	}
	return c.fail
}

func (c *collector) Called(throttled bool) {
	c.requests.Add(1)
	if throttled {
		c.throttled.Add(1)
	}
}

// same reports whether the collected ids are exactly these.
func (c *collector) same(ids []string) bool {
	got, want := slices.Clone(c.ids), slices.Clone(ids)
	slices.Sort(got)
	slices.Sort(want)
	return slices.Equal(slices.Compact(got), want)
}

func testIdentity(t *testing.T, simulated Cloud) {
	identity, err := open(t, simulated, simulated.Account()).Identity(deadline(t))
	if err != nil || identity != simulated.Account().CloudID {
		t.Errorf("the identity is %q (%v), want %q", identity, err, simulated.Account().CloudID)
	}
}

func testScopes(t *testing.T, simulated Cloud) {
	planned, err := open(t, simulated, simulated.Account()).Scopes(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[provider.ScopeID]bool{}
	for _, scope := range planned {
		if scope.Failure != nil || seen[scope.ScopeID] {
			t.Errorf("scope %v is planned twice, or failed: %v", scope.ScopeID, scope.Failure)
		}
		seen[scope.ScopeID] = true
	}
	for scope := range simulated.Truth(t) {
		if !seen[scope] {
			t.Errorf("the plan does not contain %v", scope)
		}
	}
}

// testWanted checks that a wanted location that the account does not have is a failed scope, and
// neither missing nor empty.
func testWanted(t *testing.T, simulated Cloud) {
	account := simulated.Account()
	const nowhere = "xx-nowhere9"
	truth := simulated.Truth(t)
	there := region(simulated, locations(truth, cloud.VirtualMachine)[0])
	account.Regions = []string{there, nowhere}
	planned, err := open(t, simulated, account).Scopes(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	inPlan, failed := map[provider.ScopeID]bool{}, 0
	for _, scope := range planned {
		inPlan[scope.ScopeID] = true
		switch {
		case scope.Location == nowhere && scope.Failure != nil:
			failed++
			checkFailure(t, scope.Failure, fault.ReasonAPIDisabled, scope.Location)
		case scope.Failure != nil || region(simulated, scope.Location) != there:
			t.Errorf("%v is in the plan: %v", scope.ScopeID, scope.Failure)
		}
	}
	if failed != 2 {
		t.Errorf("%d scopes of %s, want one of each kind", failed, nowhere)
	}
	for scope := range truth {
		if inPlan[scope] != (region(simulated, scope.Location) == there) {
			t.Errorf("%v is in the plan: %v", scope, inPlan[scope])
		}
	}
}

func testTruth(t *testing.T, simulated Cloud) {
	session := open(t, simulated, simulated.Account())
	for scope, ids := range simulated.Truth(t) {
		sink := &collector{}
		if err := session.Read(deadline(t), scope, sink); err != nil || !sink.same(ids) {
			t.Errorf("%v: %d instances (%v), want %d", scope, len(sink.ids), err, len(ids))
		}
		if sink.requests.Load() < 2 || sink.throttled.Load() != 0 {
			t.Errorf("%v: %d requests, %d throttled; several pages had to be read", scope, sink.requests.Load(), sink.throttled.Load())
		}
	}
}

// testFlaky checks that failed calls are repeated, and that a read that succeeds is complete.
func testFlaky(t *testing.T, simulated Cloud) {
	truth := simulated.Truth(t)
	for scope := range truth {
		simulated.Break(t, scope, Flaky)
	}
	session := open(t, simulated, simulated.Account())
	complete := 0
	for range 5 {
		for scope, ids := range truth {
			sink := &collector{}
			err := session.Read(deadline(t), scope, sink)
			if err == nil && !sink.same(ids) {
				t.Errorf("%v: succeeded with %d instances of %d", scope, len(sink.ids), len(ids))
			}
			if err == nil {
				complete++
			}
		}
	}
	if complete == 0 {
		t.Error("no read succeeded, although most calls do")
	}
}

// testSinkFails checks that an error of the sink ends the read, which returns it.
func testSinkFails(t *testing.T, simulated Cloud) {
	full := errors.New("full")
	for scope := range simulated.Truth(t) {
		err := open(t, simulated, simulated.Account()).Read(deadline(t), scope, &collector{fail: full})
		if !errors.Is(err, full) {
			t.Errorf("%v: the sink failed, and the read ended with %v", scope, err)
		}
	}
}

// testCancel checks that a read of a cloud that hangs ends with its context, and not with the limits of
// the provider.
func testCancel(t *testing.T, simulated Cloud) {
	for scope := range simulated.Truth(t) {
		simulated.Break(t, scope, Hung)
		ctx, cancel := context.WithCancel(deadline(t))
		time.AfterFunc(50*time.Millisecond, cancel)
		err := open(t, simulated, simulated.Account()).Read(ctx, scope, &collector{})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v: cancelled, and the read ended with %v", scope, err)
		}
	}
}

// testFault checks that the fault of one scope is reported with its reason, and that the other scopes
// can be read.
func testFault(t *testing.T, simulated Cloud, kind cloud.Kind, fault Fault) {
	truth := simulated.Truth(t)
	location := locations(truth, kind)[0]
	broken := provider.ScopeID{Kind: kind, Location: location}
	simulated.Break(t, broken, fault)
	session := open(t, simulated, simulated.Account())
	sink := &collector{}
	err := session.Read(deadline(t), broken, sink)
	checkFailure(t, err, reasons[fault], location)
	if fault == Throttled && sink.throttled.Load() == 0 {
		t.Error("throttled calls were not counted as such")
	}
	for scope, ids := range truth {
		if shared(simulated, broken, scope) {
			continue
		}
		sink := &collector{}
		if err := session.Read(deadline(t), scope, sink); err != nil || !sink.same(ids) {
			t.Errorf("%v was not broken: %d instances (%v), want %d", scope, len(sink.ids), err, len(ids))
		}
	}
}

func testSignInFault(t *testing.T, simulated Cloud, fault Fault) {
	simulated.Break(t, provider.ScopeID{}, fault)
	session := open(t, simulated, simulated.Account())
	_, err := session.Identity(deadline(t))
	checkFailure(t, err, reasons[fault], "")
	_, err = session.Scopes(deadline(t))
	checkFailure(t, err, reasons[fault], "")
}

// checkFailure checks that err is a fault with the reason, a message that contains the location, and a
// remedy.
func checkFailure(t *testing.T, err error, want fault.Reason, where string) {
	t.Helper()
	failure, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Fatalf("ended with %v, want a fault with reason %s", err, want)
	}
	if failure.Reason != want {
		t.Errorf("reason %s (%s: %v), want %s", failure.Reason, failure.Message, errors.Unwrap(failure), want)
	}
	if failure.Remedy == "" || !strings.Contains(failure.Message, where) {
		t.Errorf("the message %q must contain %q, and the remedy %q must not be empty", failure.Message, where, failure.Remedy)
	}
}

func locations(truth map[provider.ScopeID][]string, kind cloud.Kind) []string {
	var all []string
	for scope := range truth {
		if scope.Kind == kind {
			all = append(all, scope.Location)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
