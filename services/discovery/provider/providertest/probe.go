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

// ProbingCloud is a Cloud whose instances can be removed.
type ProbingCloud interface {
	Cloud
	// Remove deletes an instance permanently, without a trace.
	Remove(t testing.TB, scope provider.ScopeID, id string)
}

// FaultyList is a fault that only look-ups by id reveal: lists succeed, and are empty.
const FaultyList Fault = "faulty-list"

// runProbe checks the contract of provider.Prober.
func runProbe(t *testing.T, newCloud func(testing.TB) Cloud) {
	simulated := func(t *testing.T) ProbingCloud {
		t.Helper()
		probing, ok := newCloud(t).(ProbingCloud)
		if !ok {
			t.Fatal("this cloud can't remove instances")
		}
		return probing
	}
	t.Run("Probe", func(t *testing.T) { t.Parallel(); testProbe(t, simulated(t)) })
	t.Run("Probe/Cancel", func(t *testing.T) { t.Parallel(); testProbeCancel(t, simulated(t)) })
	for _, kind := range []cloud.Kind{cloud.VirtualMachine, cloud.Database} {
		t.Run("Probe/FaultyList/"+string(kind), func(t *testing.T) { t.Parallel(); testProbeFaultyList(t, simulated(t), kind) })
		for _, fault := range []Fault{Denied, Throttled, Down, Hung, Broken, Truncated, Malformed, Blank, Foreign, Expired, Revoked} {
			t.Run("Probe/"+string(fault)+"/"+string(kind), func(t *testing.T) { t.Parallel(); testProbeFault(t, simulated(t), kind, fault) })
		}
	}
}

// seen is a Sink that stores instances by id.
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

// listed reads a scope and returns the instances of the listing, as ids to ask for and by id.
func listed(t *testing.T, session provider.Session, scope provider.ScopeID) ([]provider.Wanted, map[string]provider.Instance) {
	t.Helper()
	sink := &seen{instances: map[string]provider.Instance{}}
	if err := session.Read(deadline(t), scope, sink); err != nil {
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

func prober(t *testing.T, session provider.Session) provider.Prober {
	t.Helper()
	f, ok := session.(provider.Prober)
	if !ok {
		t.Fatal("the provider can't ask for instances by id")
	}
	return f
}

// testProbe checks that existing instances are found like the listing has them, that deleted ones are
// not found, that there is one finding for each in their order, and that few calls are made.
func testProbe(t *testing.T, simulated ProbingCloud) {
	session := open(t, simulated, simulated.Account())
	for scope, ids := range simulated.Truth(t) {
		wanted, _ := listed(t, session, scope)
		if len(wanted) != len(ids) {
			t.Fatalf("%v: %d of %d are listed", scope, len(wanted), len(ids))
		}
		gone := map[string]bool{}
		for _, one := range wanted[:len(wanted)/4] {
			simulated.Remove(t, scope, one.ProviderID)
			gone[one.ProviderID] = true
		}
		_, inListing := listed(t, session, scope) // A replica may have lost its source.
		calls := &collector{}
		findings, err := prober(t, session).Probe(deadline(t), scope, wanted, calls)
		if err != nil || len(findings) != len(wanted) {
			t.Fatalf("%v: %d findings for %d: %v", scope, len(findings), len(wanted), err)
		}
		for i, finding := range findings {
			if finding.ProviderID != wanted[i].ProviderID {
				t.Fatalf("%v: findings are out of order", scope)
			}
			checkFinding(t, scope, finding, gone[finding.ProviderID], inListing[finding.ProviderID])
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
		t.Errorf("%v: %s is gone, and the evidence is %s (%v)", scope, finding.ProviderID, finding.Evidence, finding.Failure)
	case !gone && finding.Evidence != provider.Found:
		t.Errorf("%v: %s exists, and the evidence is %s (%v)", scope, finding.ProviderID, finding.Evidence, finding.Failure)
	case !gone && !reflect.DeepEqual(*finding.Instance, listed):
		t.Errorf("%v: found\n%+v\nlisted\n%+v", scope, *finding.Instance, listed)
	}
}

// testProbeFaultyList checks that a list alone does not prove that an instance is gone.
func testProbeFaultyList(t *testing.T, simulated ProbingCloud, kind cloud.Kind) {
	scope := provider.ScopeID{Kind: kind, Location: locations(simulated.Truth(t), kind)[0]}
	session := open(t, simulated, simulated.Account())
	wanted, _ := listed(t, session, scope)
	simulated.Break(t, scope, FaultyList)
	findings, err := prober(t, session).Probe(deadline(t), scope, wanted, &collector{})
	if err != nil || len(findings) != len(wanted) {
		t.Fatalf("%d findings for %d: %v", len(findings), len(wanted), err)
	}
	for _, finding := range findings {
		if finding.Evidence == provider.NotFound {
			t.Errorf("%s exists, a list omits it, and the evidence is %s", finding.ProviderID, finding.Evidence)
		}
	}
}

// testProbeFault checks that instances that can't be asked for are undecided, with the reason.
func testProbeFault(t *testing.T, simulated ProbingCloud, kind cloud.Kind, fault Fault) {
	scope := provider.ScopeID{Kind: kind, Location: locations(simulated.Truth(t), kind)[0]}
	session := open(t, simulated, simulated.Account())
	wanted, _ := listed(t, session, scope)
	simulated.Break(t, scope, fault)
	calls := &collector{}
	findings, err := prober(t, session).Probe(deadline(t), scope, wanted, calls)
	if err != nil || len(findings) != len(wanted) {
		t.Fatalf("%d findings for %d: %v", len(findings), len(wanted), err)
	}
	for _, finding := range findings {
		if finding.Evidence != provider.Undecided {
			t.Fatalf("%s could not be asked for, and the evidence is %s", finding.ProviderID, finding.Evidence)
		}
	}
	checkFailure(t, findings[0].Failure, reasons[fault], scope.Location)
	if (calls.throttled.Load() > 0) != (fault == Throttled) {
		t.Errorf("%d calls were counted as throttled", calls.throttled.Load())
	}
}

// testProbeCancel checks that a probe of a cloud that hangs ends with its context.
func testProbeCancel(t *testing.T, simulated ProbingCloud) {
	session := open(t, simulated, simulated.Account())
	for scope := range simulated.Truth(t) {
		wanted, _ := listed(t, session, scope)
		simulated.Break(t, scope, Hung)
		ctx, cancel := context.WithCancel(deadline(t))
		time.AfterFunc(50*time.Millisecond, cancel)
		if _, err := prober(t, session).Probe(ctx, scope, wanted, &collector{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v: cancelled, and the probe ended with %v", scope, err)
		}
		return
	}
}
