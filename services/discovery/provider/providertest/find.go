package providertest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// FindingCloud is a Cloud in which what is asked for by id can be gone.
type FindingCloud interface {
	Cloud
	// Remove takes an instance away for good, without a trace.
	Remove(t testing.TB, scope provider.ScopeID, id string)
}

// FaultyList is a fault that only a look-up by id detects: lists are answered without an error, and
// are empty.
const FaultyList Fault = "faulty-list"

// runFind holds a provider to what Finder promises.
func runFind(t *testing.T, newCloud func(testing.TB) Cloud) {
	simulated := func(t *testing.T) FindingCloud {
		t.Helper()
		finding, ok := newCloud(t).(FindingCloud)
		if !ok {
			t.Fatal("of this cloud nothing can be taken away")
		}
		return finding
	}
	t.Run("Find", func(t *testing.T) { t.Parallel(); testFind(t, simulated(t)) })
	t.Run("Find/Cancel", func(t *testing.T) { t.Parallel(); testFindCancel(t, simulated(t)) })
	for _, kind := range []cloud.Kind{cloud.VirtualMachine, cloud.Database} {
		t.Run("Find/FaultyList/"+string(kind), func(t *testing.T) { t.Parallel(); testFindFaultyList(t, simulated(t), kind) })
		for _, fault := range []Fault{Denied, Throttled, Down, Hung, Broken, Truncated, Malformed, Blank, Foreign, Expired, Revoked} {
			t.Run("Find/"+string(fault)+"/"+string(kind), func(t *testing.T) { t.Parallel(); testFindFault(t, simulated(t), kind, fault) })
		}
	}
}

// seen is a Sink that keeps whole instances, by id.
type seen struct {
	collector
	instances map[string]provider.Instance
}

func (s *seen) Page(ctx context.Context, instances []provider.Instance) error {
	for _, instance := range instances {
		s.instances[instance.ProviderID] = instance
	}
	return s.collector.Page(ctx, instances)
}

// asked reads a scope and gives all that is in it as a question, and what the
// listing had of each.
func asked(t *testing.T, session provider.Session, scope provider.ScopeID) ([]provider.Wanted, map[string]provider.Instance) {
	t.Helper()
	sink := &seen{instances: map[string]provider.Instance{}}
	if err := session.Read(t.Context(), scope, sink); err != nil {
		t.Fatal(err)
	}
	var wanted []provider.Wanted
	for id, instance := range sink.instances {
		wanted = append(wanted, provider.Wanted{
			ProviderID: id, ProviderURI: instance.ProviderURI, DisplayName: instance.DisplayName, Zone: instance.Zone,
		})
	}
	return wanted, sink.instances
}

func finder(t *testing.T, session provider.Session) provider.Prober {
	t.Helper()
	f, ok := session.(provider.Prober)
	if !ok {
		t.Fatal("the provider can't be asked by id")
	}
	return f
}

// testFind: what is there is found as the listing has it, what is gone is denied
// or, past a bound, not there; one finding for each, in their order, in few
// calls.
func testFind(t *testing.T, simulated FindingCloud) {
	session := open(t, simulated, simulated.Account())
	for scope, ids := range simulated.Truth(t) {
		wanted, _ := asked(t, session, scope)
		if len(wanted) != len(ids) {
			t.Fatalf("%v: %d of %d are listed", scope, len(wanted), len(ids))
		}
		gone := map[string]bool{}
		for _, one := range wanted[:len(wanted)/4] {
			simulated.Remove(t, scope, one.ProviderID)
			gone[one.ProviderID] = true
		}
		_, listed := asked(t, session, scope) // A replica may have lost its source.
		calls := &collector{}
		findings, err := finder(t, session).Probe(t.Context(), scope, wanted, calls)
		if err != nil || len(findings) != len(wanted) {
			t.Fatalf("%v: %d findings for %d: %v", scope, len(findings), len(wanted), err)
		}
		for i, finding := range findings {
			if finding.ProviderID != wanted[i].ProviderID {
				t.Fatalf("%v: findings are out of order", scope)
			}
			checkFinding(t, scope, finding, gone[finding.ProviderID], listed[finding.ProviderID])
		}
		if most := int64(len(gone) + 8); calls.requests.Load() == 0 || calls.requests.Load() > most {
			t.Errorf("%v: %d calls for %d instances, of which %d are gone; at most %d", scope, calls.requests.Load(), len(wanted), len(gone), most)
		}
	}
}

func checkFinding(t *testing.T, scope provider.ScopeID, finding provider.Finding, gone bool, listed provider.Instance) {
	t.Helper()
	switch {
	case gone && finding.Evidence != provider.NotFound:
		t.Errorf("%v: %s is gone, and was found to be %s (%v)", scope, finding.ProviderID, finding.Evidence, finding.Failure)
	case !gone && finding.Evidence != provider.Found:
		t.Errorf("%v: %s is there, and was found to be %s (%v)", scope, finding.ProviderID, finding.Evidence, finding.Failure)
	case !gone && !reflect.DeepEqual(*finding.Instance, listed):
		t.Errorf("%v: found\n%+v, and listed is\n%+v", scope, *finding.Instance, listed)
	}
}

// testFindFaultyList checks that an empty list is no proof that an instance does not exist.
func testFindFaultyList(t *testing.T, simulated FindingCloud, kind cloud.Kind) {
	scope := provider.ScopeID{Kind: kind, Location: locations(simulated.Truth(t), kind)[0]}
	session := open(t, simulated, simulated.Account())
	wanted, _ := asked(t, session, scope)
	simulated.Break(t, scope, FaultyList)
	findings, err := finder(t, session).Probe(t.Context(), scope, wanted, &collector{})
	if err != nil || len(findings) != len(wanted) {
		t.Fatalf("%d findings for %d: %v", len(findings), len(wanted), err)
	}
	for _, finding := range findings {
		if finding.Evidence == provider.NotFound {
			t.Errorf("%s is there, a list lacks it, and it was found to be %s", finding.ProviderID, finding.Evidence)
		}
	}
}

// testFindFault: what can't be asked is undecided, with the reason.
func testFindFault(t *testing.T, simulated FindingCloud, kind cloud.Kind, fault Fault) {
	scope := provider.ScopeID{Kind: kind, Location: locations(simulated.Truth(t), kind)[0]}
	session := open(t, simulated, simulated.Account())
	wanted, _ := asked(t, session, scope)
	simulated.Break(t, scope, fault)
	calls := &collector{}
	findings, err := finder(t, session).Probe(t.Context(), scope, wanted, calls)
	if err != nil || len(findings) != len(wanted) {
		t.Fatalf("%d findings for %d: %v", len(findings), len(wanted), err)
	}
	for _, finding := range findings {
		if finding.Evidence != provider.Undecided {
			t.Fatalf("%s could not be asked for, and was found to be %s", finding.ProviderID, finding.Evidence)
		}
	}
	checkFailure(t, findings[0].Failure, reasons[fault], scope.Location)
	if (calls.throttled.Load() > 0) != (fault == Throttled) {
		t.Errorf("%d calls were counted as throttled", calls.throttled.Load())
	}
}

// testFindCancel: a question to a cloud that hangs ends when it is told to.
func testFindCancel(t *testing.T, simulated FindingCloud) {
	session := open(t, simulated, simulated.Account())
	for scope := range simulated.Truth(t) {
		wanted, _ := asked(t, session, scope)
		simulated.Break(t, scope, Hung)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		began := time.Now()
		if _, err := finder(t, session).Probe(ctx, scope, wanted, &collector{}); !errors.Is(err, context.Canceled) || time.Since(began) > prompt {
			t.Errorf("%v: cancelled, and it ended with %v after %s", scope, err, time.Since(began))
		}
		return
	}
}
