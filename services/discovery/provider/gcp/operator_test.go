package gcp_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providertest"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func TestOperator(t *testing.T) {
	t.Parallel()
	providertest.RunLifecycle(t, func(t testing.TB) providertest.OperatingCloud { t.Helper(); return newOperating(t) })
}

// operating is a simulated cloud whose clock is set forward.
type operating struct {
	*testCloud
	ahead *atomic.Int64
}

// settles is longer than any transition takes.
const settles = 11 * time.Second

const homeZone = "us-central1-a"

func newOperating(t testing.TB, configure ...func(*gcp.Config)) *operating {
	t.Helper()
	ahead := &atomic.Int64{}
	config := cloudsim.Config{Transition: settles - time.Second, Clouds: cloudsim.Clouds{simgcp.Config{Projects: []simgcp.ProjectPlan{
		{ID: project, Regions: []string{"europe-west1", "us-central1"}}, {ID: "other-project"},
	}}}}
	config.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	return &operating{testCloud: newCloudIn(t, config, configure...), ahead: ahead}
}

func (c *operating) Settle() { c.ahead.Add(int64(settles)) }

func (c *operating) Things() []providertest.Thing {
	return []providertest.Thing{providertest.Machine, providertest.Suspended, providertest.Database}
}

func (c *operating) Make(t testing.TB, thing providertest.Thing) (provider.ScopeID, string) {
	t.Helper()
	if thing == providertest.Database {
		return c.createSQL(t, simgcp.SQLSpec{Name: "orders", Region: "us-central1"})
	}
	scope, id := c.create(t, simgcp.VMSpec{Name: "web-1"})
	if thing == providertest.Suspended {
		if _, err := c.SuspendVM(project, homeZone, "web-1"); err != nil {
			t.Fatal(err)
		}
		c.Settle()
	}
	return scope, id
}

func (c *operating) create(t testing.TB, spec simgcp.VMSpec) (provider.ScopeID, string) {
	t.Helper()
	made, err := c.CreateVMs(project, homeZone, spec)
	if err != nil {
		t.Fatal(err)
	}
	c.Settle()
	return provider.ScopeID{Kind: cloud.VirtualMachine, Location: homeZone}, fmt.Sprint(made[0].ID)
}

func (c *operating) createSQL(t testing.TB, spec simgcp.SQLSpec) (provider.ScopeID, string) {
	t.Helper()
	made, err := c.CreateSQL(project, spec)
	if err != nil {
		t.Fatal(err)
	}
	c.Settle()
	return provider.ScopeID{Kind: cloud.Database, Location: made.Region},
		fmt.Sprintf("%s:%s:%s@%s", project, made.Region, made.Name, made.Created.Format(time.RFC3339Nano))
}

var struck = map[providertest.Strike]cloudsim.Fault{
	providertest.Refused:    {Kind: cloudsim.AccessDenied},
	providertest.TooMany:    {Kind: cloudsim.Throttle},
	providertest.NoCapacity: {Kind: cloudsim.NoCapacity},
	providertest.NoQuota:    {Kind: cloudsim.NoQuota},
	providertest.Cut:        {Kind: cloudsim.Drop},
	providertest.Error:      {Kind: cloudsim.ServerError},
	providertest.Lost:       {Kind: cloudsim.LoseAnswer},
	providertest.Silent:     {Kind: cloudsim.HangAfter},
	providertest.Fails:      {Kind: cloudsim.FailAfter},
	providertest.GaveUp:     {Kind: cloudsim.ComeToNothing},
}

func (c *operating) Strike(t testing.TB, thing providertest.Thing, strike providertest.Strike) bool {
	t.Helper()
	fault, ok := struck[strike]
	fault.Count = 1
	switch thing {
	case providertest.Database:
		fault.Call = cloudsim.Call{Service: "sqladmin", Action: "instances.patch"}
		ok = ok && strike != providertest.NoCapacity && strike != providertest.NoQuota
	case providertest.Suspended:
		fault.Call = cloudsim.Call{Service: "compute", Action: "instances.resume"}
	default:
		fault.Call = cloudsim.Call{Service: "compute", Action: "instances.start"}
	}
	if ok {
		c.Inject(fault)
	}
	return ok
}

// name returns the name of an instance from its id.
func (c *operating) name(id string) string {
	if strings.Contains(id, "@") {
		return strings.Split(strings.Split(id, "@")[0], ":")[2]
	}
	return "web-1"
}

func (c *operating) Requests(_ testing.TB, _ providertest.Thing, id string) (all, taken int) {
	requests := c.Mutations(cloudsim.Call{}, c.name(id))
	for _, m := range requests {
		if m.Taken {
			taken++
		}
	}
	return len(requests), taken
}

func (c *operating) End(t testing.TB, scope provider.ScopeID, id string) {
	t.Helper()
	var err error
	if scope.Kind == cloud.VirtualMachine {
		_, err = c.DeleteVM(project, scope.Location, c.name(id))
	} else {
		err = c.DeleteSQL(project, c.name(id))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (c *operating) operator(t testing.TB) provider.Operator {
	t.Helper()
	session, err := c.provider.Open(t.Context(), c.Account(), c.Credentials())
	if err != nil {
		t.Fatal(err)
	}
	return session.(provider.Operator)
}

func (c *operating) check(t testing.TB, verb provider.Verb, scope provider.ScopeID, id string) provider.Assessment {
	t.Helper()
	assessments, err := c.operator(t).Check(t.Context(), scope, verb, []provider.Wanted{{ProviderID: id}}, uncounted{})
	if err != nil || len(assessments) != 1 || assessments[0].Instance == nil {
		t.Fatalf("%+v, %v", assessments, err)
	}
	return assessments[0]
}

// TestObstacles checks the obstacles before a call, and the refusals of the call itself.
func TestObstacles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make    func(*testing.T, *operating) (provider.ScopeID, string)
		want    fault.Reason
		willing bool
	}{
		"local SSD": {func(t *testing.T, c *operating) (provider.ScopeID, string) {
			t.Helper()
			return c.create(t, simgcp.VMSpec{Name: "web-1", LocalSSDs: 2})
		}, fault.ReasonCantStopLocalDisk, false},
		"group": {func(t *testing.T, c *operating) (provider.ScopeID, string) {
			t.Helper()
			return c.create(t, simgcp.VMSpec{Name: "web-1", Group: "web"})
		}, fault.ReasonCantStopAutoscaled, true},
		"spot": {func(t *testing.T, c *operating) (provider.ScopeID, string) {
			t.Helper()
			return c.create(t, simgcp.VMSpec{Name: "web-1", Type: "e2-small", Spot: true})
		}, "", true},
		"replica": {func(t *testing.T, c *operating) (provider.ScopeID, string) {
			t.Helper()
			c.createSQL(t, simgcp.SQLSpec{Name: "a"})
			return c.createSQL(t, simgcp.SQLSpec{Name: "b", ReplicaOf: "a"})
		}, fault.ReasonCantStopReplicas, false},
		"source": {func(t *testing.T, c *operating) (provider.ScopeID, string) {
			t.Helper()
			c.createSQL(t, simgcp.SQLSpec{Name: "b", ReplicaOf: "a"})
			return c.createSQL(t, simgcp.SQLSpec{Name: "a"})
		}, fault.ReasonCantStopReplicas, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newOperating(t)
			scope, id := test.make(t, c)
			assessment := c.check(t, provider.Stop, scope, id)
			if (assessment.Obstacle != nil) != (test.want != "") || test.want != "" && (assessment.Obstacle.Reason != test.want || assessment.Obstacle.Remedy == "") {
				t.Errorf("before the call: %+v, want %s", assessment.Obstacle, test.want)
			}
			if obstacle := c.check(t, provider.Start, scope, id).Obstacle; obstacle != nil {
				t.Errorf("against a start: %+v", obstacle)
			}
			receipt := c.operator(t).Act(t.Context(), provider.Order{ScopeID: scope, Verb: provider.Stop, Instance: *assessment.Instance}, uncounted{})
			if !test.willing && (receipt.Effect != provider.NotTaken || receipt.Refusal.Reason != test.want || receipt.Refusal.Retryable) ||
				test.willing && receipt.Effect != provider.Taken {
				t.Errorf("after the call: %+v (%+v), want %s", receipt, receipt.Refusal, test.want)
			}
		})
	}
}

// TestAct_Key checks that a repeated request with the same key has no further effect.
func TestAct_Key(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	scope, id := c.create(t, simgcp.VMSpec{Name: "web-1"})
	order := provider.Order{
		ScopeID: scope, Verb: provider.Stop, Instance: *c.check(t, provider.Stop, scope, id).Instance, Key: "4b8f5c6a-1111-4222-8333-000000000001",
	}
	operator := c.operator(t)
	first := operator.Act(t.Context(), order, uncounted{})
	c.Settle()
	if _, err := c.StartVM(project, homeZone, "web-1"); err != nil {
		t.Fatal(err)
	}
	again := operator.Act(t.Context(), order, uncounted{})
	if again.Effect != provider.Taken || again.Reference != first.Reference {
		t.Errorf("%+v, and then %+v", first, again)
	}
	if vm, err := c.VM(project, homeZone, "web-1"); err != nil || vm.State != simgcp.VMProvisioning {
		t.Errorf("%s, %v: the request took effect twice", vm.State, err)
	}
	if operator.IdempotencyWindow(cloud.VirtualMachine) <= 0 || operator.IdempotencyWindow(cloud.Database) != 0 {
		t.Error("the window is not that of Compute Engine, or Cloud SQL has one")
	}
}

// TestAct_BusyDatabase checks that another change of a database must end first.
func TestAct_BusyDatabase(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	scope, id := c.createSQL(t, simgcp.SQLSpec{Name: "orders"})
	if _, err := c.SetSQLActive(project, "orders", false); err != nil {
		t.Fatal(err)
	}
	order := provider.Order{ScopeID: scope, Verb: provider.Start, Instance: *c.check(t, provider.Start, scope, id).Instance}
	receipt := c.operator(t).Act(t.Context(), order, uncounted{})
	if receipt.Effect != provider.NotTaken || receipt.Refusal.Reason != fault.ReasonInvalidState || !receipt.Refusal.Retryable {
		t.Errorf("%+v (%+v)", receipt, receipt.Refusal)
	}
	if err := c.SetSQLState(project, "orders", simgcp.SQLMaintenance); err != nil {
		t.Fatal(err)
	}
	if obstacle := c.check(t, provider.Start, scope, id).Obstacle; obstacle == nil || obstacle.Reason != fault.ReasonInvalidState || !obstacle.Retryable {
		t.Errorf("%+v", obstacle)
	}
}

// TestFollow_OperationsForbidden checks that without the permission to list operations one is fetched
// by its name, and that without a name the state of the VM proves the call.
func TestFollow_OperationsForbidden(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	scope, id := c.create(t, simgcp.VMSpec{Name: "web-1"})
	c.Inject(cloudsim.Fault{Call: cloudsim.Call{Action: "zoneOperations.list"}, Kind: cloudsim.AccessDenied})
	operator := c.operator(t)
	order := provider.Order{ScopeID: scope, Verb: provider.Stop, Instance: *c.check(t, provider.Stop, scope, id).Instance}
	receipt := operator.Act(t.Context(), order, uncounted{})
	for _, reference := range []string{receipt.Reference, ""} {
		progress, err := operator.Follow(t.Context(), scope, []provider.PlacedOrder{{Order: order, CallTime: time.Now(), Reference: reference}}, uncounted{})
		if err != nil || progress[0].Effect != provider.Taken || progress[0].Busy != (reference != "") {
			t.Errorf("%q: %+v, %v", reference, progress[0], err)
		}
	}
}

// TestFollow_OperationOfAnother checks that the failed operation of another request is not taken for
// that of the order.
func TestFollow_OperationOfAnother(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	scope, id := c.create(t, simgcp.VMSpec{Name: "web-1"})
	order := provider.Order{
		ScopeID: scope, Verb: provider.Stop, Instance: *c.check(t, provider.Stop, scope, id).Instance, Key: "4b8f5c6a-1111-4222-8333-000000000001",
	}
	before := c.Now()
	c.Inject(cloudsim.Fault{Call: cloudsim.Call{Action: "instances.stop"}, Kind: cloudsim.ComeToNothing})
	if receipt := c.operator(t).Act(t.Context(), order, uncounted{}); receipt.Effect != provider.Taken {
		t.Fatal(receipt)
	}
	c.Settle()
	order.Key = "4b8f5c6a-1111-4222-8333-000000000002"
	progress, err := c.operator(t).Follow(t.Context(), scope, []provider.PlacedOrder{{Order: order, CallTime: before}}, uncounted{})
	if err != nil || progress[0].Effect != provider.InDoubt || progress[0].Reference != "" || progress[0].Refusal != nil {
		t.Errorf("%+v, %v", progress[0], err)
	}
}

// TestLocate_UnreachableZone checks that a VM is located although another zone can't be reached, and
// that a VM which was not found may be in that zone.
func TestLocate_UnreachableZone(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	_, id := c.create(t, simgcp.VMSpec{Name: "web-1"})
	c.Inject(cloudsim.Fault{Kind: cloudsim.ZoneUnreachable, Call: cloudsim.Call{Region: "europe-west1-b"}})
	located, err := c.operator(t).Locate(t.Context(), provider.Hint{ProviderID: id}, uncounted{})
	if err != nil || located == nil || located.Location != homeZone {
		t.Errorf("%+v, %v", located, err)
	}
	located, err = c.operator(t).Locate(t.Context(), provider.Hint{ProviderID: "1234567890"}, uncounted{})
	if located != nil || err == nil || provider.FaultOf(err).Reason != fault.ReasonUnreachable {
		t.Errorf("%+v, %v", located, err)
	}
	c.ClearFaults()
	for _, id := range []string{
		"1234567890", project + ":us-central1:nothing", "other-project:us-central1:orders",
		"projects/" + project + "/zones/" + homeZone + "/instances/nothing", "i-0aaaaaaaaaaaaaaaa",
	} {
		if located, err = c.operator(t).Locate(t.Context(), provider.Hint{ProviderID: id}, uncounted{}); located != nil || err != nil {
			t.Errorf("%s: %+v, %v", id, located, err)
		}
	}
}

// TestAct_NotSent checks that a call which could not be sent was not taken.
func TestAct_NotSent(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	scope, id := c.create(t, simgcp.VMSpec{Name: "web-1"})
	order := provider.Order{ScopeID: scope, Verb: provider.Stop, Instance: *c.check(t, provider.Stop, scope, id).Instance}
	closed, err := gcp.New(gcp.Config{ComputeEndpoint: "http://127.0.0.1:1", TokenHosts: c.hosts, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer closed.Close()
	session, err := closed.Open(t.Context(), c.Account(), c.Credentials())
	if err != nil {
		t.Fatal(err)
	}
	receipt := session.(provider.Operator).Act(t.Context(), order, uncounted{})
	if receipt.Effect != provider.NotTaken || receipt.Refusal.Reason != fault.ReasonUnreachable || !receipt.Refusal.Retryable {
		t.Errorf("%+v (%+v)", receipt, receipt.Refusal)
	}
	broken := newOperating(t)
	broken.Inject(cloudsim.Fault{Call: cloudsim.Call{Service: "oauth2"}, Kind: cloudsim.Revoked})
	receipt = broken.operator(t).Act(t.Context(), order, uncounted{})
	if receipt.Effect != provider.NotTaken || receipt.Refusal.Reason != fault.ReasonCredentialsInvalid {
		t.Errorf("without a token: %+v (%+v)", receipt, receipt.Refusal)
	}
}
