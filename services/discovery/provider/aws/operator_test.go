package aws_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providertest"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func TestOperator(t *testing.T) {
	t.Parallel()
	providertest.RunLifecycle(t, func(t testing.TB) providertest.OperatingCloud { t.Helper(); return newOperating(t) })
}

// operating is a cloud whose time advances only on request.
type operating struct {
	*testCloud
	ahead *atomic.Int64
}

// settles is longer than any work of the cloud.
const settles = 11 * time.Second

func newOperating(t testing.TB, configure ...func(*aws.Config)) *operating {
	t.Helper()
	ahead := &atomic.Int64{}
	config := cloudsim.Config{Transition: settles - time.Second, Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"eu-west-1", "us-east-1"}}}}
	config.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	return &operating{testCloud: newCloud(t, config, configure...), ahead: ahead}
}

func (c *operating) Now() time.Time { return c.world.Now() }

func (c *operating) Settle() { c.ahead.Add(int64(settles)) }

func (c *operating) Things() []providertest.Thing {
	return []providertest.Thing{providertest.Machine, providertest.Database, providertest.Member}
}

func (c *operating) Make(t testing.TB, thing providertest.Thing) (provider.ScopeID, string) {
	t.Helper()
	switch thing {
	case providertest.Machine:
		return c.launch(t, simaws.InstanceSpec{})
	case providertest.Database:
		return c.launchDatabase(t, simaws.DatabaseSpec{ID: "orders"})
	}
	if _, err := c.sim.LaunchCluster(c.id, "us-east-1", "ledger", 3); err != nil {
		t.Fatal(err)
	}
	return provider.ScopeID{Kind: cloud.Database, Location: "us-east-1"}, c.database(t, "ledger-1").ResourceID
}

func (c *operating) launch(t testing.TB, spec simaws.InstanceSpec) (provider.ScopeID, string) {
	t.Helper()
	made, err := c.sim.Launch(c.id, "us-east-1", spec)
	if err != nil {
		t.Fatal(err)
	}
	c.Settle()
	return machines, made[0].ID
}

func (c *operating) launchDatabase(t testing.TB, spec simaws.DatabaseSpec) (provider.ScopeID, string) {
	t.Helper()
	made, err := c.sim.LaunchDatabase(c.id, "us-east-1", spec)
	if err != nil {
		t.Fatal(err)
	}
	c.Settle()
	return provider.ScopeID{Kind: cloud.Database, Location: "us-east-1"}, made.ResourceID
}

// database returns a database by its name or id.
func (c *operating) database(t testing.TB, id string) simaws.Database {
	t.Helper()
	databases, err := c.sim.Databases(c.id, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range databases {
		if d.ID == id || d.ResourceID == id {
			return d
		}
	}
	t.Fatalf("there is no %s", id)
	return simaws.Database{}
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
	case providertest.Machine:
		fault.Call = cloudsim.Call{Service: "ec2", Action: "StartInstances"}
	case providertest.Database:
		fault.Call, fault.Code = cloudsim.Call{Service: "rds", Action: "StartDBInstance"}, "incompatible-network"
	default:
		fault.Call, fault.Code = cloudsim.Call{Service: "rds", Action: "StartDBCluster"}, "inaccessible-encryption-credentials"
	}
	c.world.Inject(fault)
	return ok
}

func (c *operating) Requests(t testing.TB, thing providertest.Thing, id string) (all, taken int) {
	t.Helper()
	switch thing {
	case providertest.Database:
		id = c.database(t, id).ID
	case providertest.Member:
		id = c.database(t, id).Cluster
	}
	requests := c.world.Mutations(cloudsim.Call{}, id)
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
		_, err = c.sim.Terminate(c.id, scope.Location, id)
	} else {
		_, err = c.sim.DeleteDatabase(c.id, scope.Location, c.database(t, id).ID)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// operator opens the account and returns its operator.
func (c *operating) operator(t testing.TB) provider.Operator {
	t.Helper()
	session, err := c.provider.Open(t.Context(), c.Account(), c.Credentials())
	if err != nil {
		t.Fatal(err)
	}
	return session.(provider.Operator)
}

// check assesses a verb for one instance.
func (c *operating) check(t testing.TB, verb provider.Verb, scope provider.ScopeID, id string) provider.Assessment {
	t.Helper()
	assessments, err := c.operator(t).Check(t.Context(), scope, verb, []provider.Wanted{{ProviderID: id}}, &counter{})
	if err != nil || len(assessments) != 1 || assessments[0].Instance == nil {
		t.Fatalf("%+v, %v", assessments, err)
	}
	return assessments[0]
}

// Check reports obstacles before the call. If the call is made nevertheless, AWS rejects it for the
// same reason.
func TestCheck_Obstacles(t *testing.T) {
	t.Parallel()
	machine := func(spec simaws.InstanceSpec) func(*testing.T, *operating) (provider.ScopeID, string) {
		return func(t *testing.T, c *operating) (provider.ScopeID, string) { t.Helper(); return c.launch(t, spec) }
	}
	database := func(specs ...simaws.DatabaseSpec) func(*testing.T, *operating) (provider.ScopeID, string) {
		return func(t *testing.T, c *operating) (scope provider.ScopeID, id string) {
			t.Helper()
			for _, spec := range specs {
				scope, id = c.launchDatabase(t, spec)
			}
			return scope, id
		}
	}
	for name, test := range map[string]struct {
		make func(*testing.T, *operating) (provider.ScopeID, string)
		want fault.Reason
		// unseen obstacles show in the call only; willing means that AWS accepts the call nevertheless.
		unseen, willing bool
	}{
		"instance store":  {make: machine(simaws.InstanceSpec{InstanceStore: true}), want: fault.ReasonCantStopInstanceStore},
		"one-time spot":   {make: machine(simaws.InstanceSpec{Spot: true}), want: fault.ReasonCantStopSpot},
		"persistent spot": {make: machine(simaws.InstanceSpec{Spot: true, Persistent: true})},
		"protected":       {make: machine(simaws.InstanceSpec{StopProtected: true}), want: fault.ReasonCantStopCloudProtected, unseen: true},
		"autoscaled":      {make: machine(simaws.InstanceSpec{Group: "web"}), want: fault.ReasonCantStopAutoscaled, willing: true},
		"replica":         {make: database(simaws.DatabaseSpec{ID: "a"}, simaws.DatabaseSpec{ID: "b", ReplicaOf: "a"}), want: fault.ReasonCantStopReplicas},
		"source":          {make: database(simaws.DatabaseSpec{ID: "b", ReplicaOf: "a"}, simaws.DatabaseSpec{ID: "a"}), want: fault.ReasonCantStopReplicas},
		"SQL Server":      {make: database(simaws.DatabaseSpec{ID: "a", Engine: "sqlserver-se", MultiAZ: true}), want: fault.ReasonCantStopMultiAZ},
		"multi-AZ":        {make: database(simaws.DatabaseSpec{ID: "a", Engine: "postgres", MultiAZ: true})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newOperating(t)
			scope, id := test.make(t, c)
			assessment := c.check(t, provider.Stop, scope, id)
			reported := test.want != "" && !test.unseen
			if (assessment.Obstacle != nil) != reported || reported && (assessment.Obstacle.Reason != test.want || assessment.Obstacle.Remedy == "") {
				t.Errorf("before the call: %+v, want %s", assessment.Obstacle, test.want)
			}
			if obstacle := c.check(t, provider.Start, scope, id).Obstacle; obstacle != nil {
				t.Errorf("against a start: %+v", obstacle)
			}
			receipt := c.operator(t).Act(t.Context(), provider.Order{ScopeID: scope, Verb: provider.Stop, Instance: *assessment.Instance}, &counter{})
			refused := test.want != "" && !test.willing
			if refused && (receipt.Effect != provider.NotTaken || receipt.Refusal == nil || receipt.Refusal.Reason != test.want || receipt.Refusal.Retryable) ||
				!refused && receipt.Effect != provider.Taken {
				t.Errorf("by the call: %+v (%+v), want %s", receipt, receipt.Refusal, test.want)
			}
		})
	}
}

func TestCheck_NoPermissionForSpotRequests(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	scope, id := c.launch(t, simaws.InstanceSpec{Spot: true})
	c.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Action: "DescribeSpotInstanceRequests"}, Kind: cloudsim.AccessDenied})
	if assessment := c.check(t, provider.Stop, scope, id); assessment.Obstacle != nil || len(assessment.Notes) != 1 || !strings.Contains(assessment.Notes[0], "spot") {
		t.Errorf("%+v", assessment)
	}
}

func TestCheck_InvalidState(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	scope, id := c.launch(t, simaws.InstanceSpec{})
	if _, err := c.sim.Stop(c.id, "us-east-1", id); err != nil {
		t.Fatal(err)
	}
	assessment := c.check(t, provider.Start, scope, id)
	if assessment.Obstacle == nil || assessment.Obstacle.Reason != fault.ReasonInvalidState || !assessment.Obstacle.Retryable {
		t.Errorf("a start while it stops: %+v", assessment.Obstacle)
	}
	order := provider.Order{ScopeID: scope, Verb: provider.Start, Instance: *assessment.Instance}
	if receipt := c.operator(t).Act(t.Context(), order, &counter{}); receipt.Effect != provider.NotTaken || receipt.Refusal.Reason != fault.ReasonInvalidState || !receipt.Refusal.Retryable {
		t.Errorf("%+v (%+v)", receipt, receipt.Refusal)
	}
	scope, id = c.launchDatabase(t, simaws.DatabaseSpec{ID: "a"})
	if _, err := c.sim.ResizeDatabase(c.id, "us-east-1", "a", "db.r6g.large"); err != nil {
		t.Fatal(err)
	}
	if assessment = c.check(t, provider.Stop, scope, id); assessment.Obstacle == nil || assessment.Obstacle.Reason != fault.ReasonInvalidState || !assessment.Obstacle.Retryable {
		t.Errorf("a stop while it is changed: %+v", assessment.Obstacle)
	}
}

func TestRead_AutoRestartTime(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	scope, id := c.launchDatabase(t, simaws.DatabaseSpec{ID: "a"})
	if restarts := c.check(t, provider.Stop, scope, id).Instance.Database.AutoRestartTime; !restarts.IsZero() {
		t.Errorf("while it is up: %s", restarts)
	}
	if _, err := c.sim.StopDatabase(c.id, "us-east-1", "a"); err != nil {
		t.Fatal(err)
	}
	c.Settle()
	want := c.database(t, "a").Restarts.Truncate(time.Millisecond)
	if restarts := c.check(t, provider.Start, scope, id).Instance.Database.AutoRestartTime; restarts.IsZero() || !restarts.Equal(want) {
		t.Errorf("while it is stopped: %s, want %s", restarts, want)
	}
}

func TestAct_NotSent(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	scope, id := c.launch(t, simaws.InstanceSpec{})
	order := provider.Order{ScopeID: scope, Verb: provider.Stop, Instance: *c.check(t, provider.Stop, scope, id).Instance}
	closed := aws.New(aws.Config{
		EndpointURL: "http://127.0.0.1:1", Region: "us-east-1", Keys: &aws.Keys{AccessKeyID: "AKIA", SecretAccessKey: "x"}, Attempts: 1,
	})
	defer closed.Close()
	session, err := closed.Open(t.Context(), c.Account(), provider.AWSDefault{})
	if err != nil {
		t.Fatal(err)
	}
	receipt := session.(provider.Operator).Act(t.Context(), order, &counter{})
	if receipt.Effect != provider.NotTaken || receipt.Refusal.Reason != fault.ReasonUnreachable || !receipt.Refusal.Retryable {
		t.Errorf("%+v (%+v)", receipt, receipt.Refusal)
	}
}

func TestAct_UnknownCode(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	scope, id := c.launch(t, simaws.InstanceSpec{})
	order := provider.Order{ScopeID: scope, Verb: provider.Stop, Instance: *c.check(t, provider.Stop, scope, id).Instance}
	c.world.Inject(cloudsim.Fault{
		Call: cloudsim.Call{Action: "StopInstances"}, Kind: cloudsim.Respond, Status: 400, Code: "MoonInWrongPhase", Message: "Try at full moon.",
	})
	receipt := c.operator(t).Act(t.Context(), order, &counter{})
	if receipt.Effect != provider.NotTaken || receipt.Refusal.Reason != fault.ReasonCloudFailed || receipt.Refusal.Retryable ||
		!strings.Contains(receipt.Refusal.Message, "MoonInWrongPhase: Try at full moon.") {
		t.Errorf("%+v (%+v)", receipt, receipt.Refusal)
	}
}

// An instance is found even if another region can't be searched. If it is not found, it may be in that
// region, so Locate fails.
func TestLocate_RegionFails(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	_, id := c.launch(t, simaws.InstanceSpec{})
	c.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Region: "eu-west-1", Action: "DescribeInstances"}, Kind: cloudsim.ServerError})
	located, err := c.operator(t).Locate(t.Context(), provider.Hint{ProviderID: id}, &counter{})
	if err != nil || located == nil || located.Location != "us-east-1" {
		t.Errorf("%+v, %v", located, err)
	}
	located, err = c.operator(t).Locate(t.Context(), provider.Hint{ProviderID: "i-0aaaaaaaaaaaaaaaa"}, &counter{})
	if located != nil || err == nil || provider.FaultOf(err).Reason != fault.ReasonUnreachable {
		t.Errorf("%+v, %v", located, err)
	}
	c.world.ClearFaults()
	for _, id := range []string{"i-0aaaaaaaaaaaaaaaa", "db-AAAAAAAAAAAAAAAAAAAAAAAAAA", "arn:aws:rds:us-east-1:" + c.id + ":db:nothing",
		"arn:aws:ec2:us-east-1:999999999999:instance/" + id, "vm-of-ours"} {
		if located, err = c.operator(t).Locate(t.Context(), provider.Hint{ProviderID: id}, &counter{}); located != nil || err != nil {
			t.Errorf("%s: %+v, %v", id, located, err)
		}
	}
}

func TestCheckAndFollow_ManyInFewCalls(t *testing.T) {
	t.Parallel()
	c := newOperating(t)
	made, err := c.sim.Launch(c.id, "us-east-1", simaws.InstanceSpec{Count: 150, Spot: true, Persistent: true})
	if err != nil {
		t.Fatal(err)
	}
	c.Settle()
	var wanted []provider.Wanted
	for _, m := range made {
		wanted = append(wanted, provider.Wanted{ProviderID: m.ID})
	}
	calls := &counter{}
	assessments, err := c.operator(t).Check(t.Context(), machines, provider.Stop, wanted, calls)
	if err != nil || len(assessments) != 150 {
		t.Fatal(len(assessments), err)
	}
	var orders []provider.PlacedOrder
	for i := range assessments {
		if assessments[i].Obstacle != nil || len(assessments[i].Notes) > 0 {
			t.Fatalf("%+v (%v)", assessments[i], assessments[i].Obstacle)
		}
		orders = append(orders, provider.PlacedOrder{Order: provider.Order{ScopeID: machines, Verb: provider.Stop, Instance: *assessments[i].Instance}})
	}
	progress, err := c.operator(t).Follow(t.Context(), machines, orders, calls)
	if err != nil || len(progress) != 150 {
		t.Fatal(len(progress), err)
	}
	for i := range progress {
		if progress[i].ProviderID != wanted[i].ProviderID || progress[i].Effect != provider.InDoubt {
			t.Fatalf("%+v", progress[i])
		}
	}
	if asked := len(c.proxy.asked("DescribeInstances")) + len(c.proxy.asked("DescribeSpotInstanceRequests")); asked > 8 {
		t.Errorf("%d calls", asked)
	}
}
