package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/durationpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// strike is a fault of a call to stop an instance, and the expected result of the operation.
type strike struct {
	name string
	// fault applies to the first call; the zero fault is none.
	fault cloudsim.Fault
	// requests is how many requests reach the cloud. It accepts one of them, or none if refused
	// states why.
	requests int
	refused  commonv1.ErrorReason
}

var stopStrikes = []strike{
	{name: "none", requests: 1},
	{name: "lost", fault: cloudsim.Fault{Kind: cloudsim.LoseAnswer}, requests: 1},
	{name: "silent", fault: cloudsim.Fault{Kind: cloudsim.HangAfter}, requests: 1},
	{name: "fails-after", fault: cloudsim.Fault{Kind: cloudsim.FailAfter}, requests: 1},
	{name: "slow", fault: cloudsim.Fault{Kind: cloudsim.Linger, Delay: 2 * time.Second}, requests: 1},
	{name: "fails-before", fault: cloudsim.Fault{Kind: cloudsim.ServerError}, requests: 2},
	{name: "cut", fault: cloudsim.Fault{Kind: cloudsim.Drop}, requests: 2},
	{name: "throttled", fault: cloudsim.Fault{Kind: cloudsim.Throttle}, requests: 2},
	{name: "denied", fault: cloudsim.Fault{Kind: cloudsim.AccessDenied}, requests: 1, refused: commonv1.ErrorReason_PERMISSION_DENIED},
}

// sort is one sort of instance that is stopped.
type sort struct {
	name string
	call cloudsim.Call
	// make creates one, and returns its provider id and the name that requests for it use.
	make func(r *rollcall, name string) (providerID, target string)
}

const (
	strikesZone = "europe-west1-b"
	strikesHome = "us-east-1"
)

var sorts = []sort{
	{"machine", cloudsim.Call{Service: "ec2", Action: "StopInstances"}, func(r *rollcall, name string) (string, string) {
		made := must(r.aws.Launch(r.aws.Accounts()[0], strikesHome, simaws.InstanceSpec{Name: name}))(r.t)
		return made[0].ID, made[0].ID
	}},
	{"database", cloudsim.Call{Service: "rds", Action: "StopDBInstance"}, func(r *rollcall, name string) (string, string) {
		made := must(r.aws.LaunchDatabase(r.aws.Accounts()[0], strikesHome, simaws.DatabaseSpec{ID: name}))(r.t)
		return made.ResourceID, made.ID
	}},
	{"member", cloudsim.Call{Service: "rds", Action: "StopDBCluster"}, func(r *rollcall, name string) (string, string) {
		made := must(r.aws.LaunchCluster(r.aws.Accounts()[0], strikesHome, name, 2))(r.t)
		for _, d := range must(r.aws.Databases(r.aws.Accounts()[0], strikesHome))(r.t) {
			if d.Cluster == made.ID && !d.Writer {
				return d.ResourceID, made.ID
			}
		}
		r.t.Fatalf("the cluster %s has no reader", name)
		return "", ""
	}},
	{"vm", cloudsim.Call{Service: "compute", Action: "instances.stop"}, func(r *rollcall, name string) (string, string) {
		made := must(r.gcp.CreateVMs(project, strikesZone, simgcp.VMSpec{Name: name}))(r.t)
		return fmt.Sprint(made[0].ID), name
	}},
	{"sql", cloudsim.Call{Service: "sqladmin", Action: "instances.patch"}, func(r *rollcall, name string) (string, string) {
		made := must(r.gcp.CreateSQL(project, simgcp.SQLSpec{Name: name, Region: "europe-west1"}))(r.t)
		return fmt.Sprintf("%s:%s:%s@%s", project, made.Region, made.Name, made.Created.Format(time.RFC3339Nano)), name
	}},
}

// TestStop_EverySortUnderFaults stops one instance of each sort under each fault. Whatever happens to the call, the
// operation ends with a true result, the cloud accepts one call, and the inventory has the new
// state when the operation has ended.
func TestStop_EverySortUnderFaults(t *testing.T) {
	t.Parallel()
	r := start(t, clouds{world: cloudsim.Config{Transition: 300 * time.Millisecond}, aws: simaws.Config{Regions: []string{strikesHome}}, gcp: simgcp.Config{Projects: []simgcp.ProjectPlan{{ID: project, Regions: []string{"europe-west1"}}}}}, func(c *app.Config) {
		c.Operations = operation.DefaultLimits()
		c.Periods.Keep = time.Second
		c.Operations.Doubt, c.Operations.RetryFirst, c.Operations.PollFirst = time.Second, 50*time.Millisecond, 20*time.Millisecond
	})
	type thing struct{ id, target string }
	things := map[string]thing{}
	for _, sort := range sorts {
		for _, strike := range stopStrikes {
			id, target := sort.make(r, sort.name+"-"+strike.name)
			things[sort.name+strike.name] = thing{id, target}
		}
	}
	r.connection(r.add(r.aws.Accounts()[0]).GetName(), accountsv1.Connection_CONNECTED)
	r.connection(r.addProject(project).GetName(), accountsv1.Connection_CONNECTED)
	for _, sort := range sorts {
		t.Run(sort.name, func(t *testing.T) {
			t.Parallel() // Each sort has an action of its own, which faults tell apart.
			for _, strike := range stopStrikes {
				t.Run(strike.name, func(t *testing.T) {
					it := things[sort.name+strike.name]
					if strike.fault.Kind != "" {
						strike.fault.Call, strike.fault.Count = sort.call, 1
						defer r.world.Inject(strike.fault)()
					}
					r.stopStruck(t, strike, it.id, it.target)
				})
			}
		})
	}
}

// stopStruck stops an instance and checks everything that can be observed of it.
func (r *rollcall) stopStruck(t *testing.T, strike strike, id, target string) {
	t.Helper()
	conn := dial(t, r.config.GRPC)
	op, err := discoveryv1.NewLifecycleServiceClient(conn).StopInstance(t.Context(), &discoveryv1.StopInstanceRequest{ProviderId: id, Reason: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	operations := discoveryv1.NewOperationServiceClient(conn)
	eventually(t, op.GetName()+" ends", func() (bool, any) {
		op, err = operations.WaitOperation(t.Context(), &discoveryv1.WaitOperationRequest{Name: op.GetName(), Timeout: durationpb.New(10 * time.Second)})
		return err == nil && op.GetDone(), fmt.Sprint(op, err)
	})
	want, state := discoveryv1.Target_SUCCEEDED, inventoryv1.Instance_STOPPED
	taken := 1
	if strike.refused != commonv1.ErrorReason_REASON_UNSPECIFIED {
		want, state, taken = discoveryv1.Target_FAILED, inventoryv1.Instance_RUNNING, 0
	}
	got := metadataOf(t, op).GetTargets()[0]
	if got.GetState() != want || got.GetRefusal().GetReason() != strike.refused || int(got.GetCalls()) != strike.requests {
		t.Errorf("it ended as %v", got)
	}
	if (op.GetError() != nil) != (taken == 0) {
		t.Errorf("the operation says %v", op)
	}
	held, err := r.inventory.LookupInstance(t.Context(), &inventoryv1.LookupInstanceRequest{By: &inventoryv1.LookupInstanceRequest_ProviderId{ProviderId: id}})
	if err != nil || held.GetState() != state {
		t.Errorf("the inventory has %s, %v; want %s", held.GetState(), err, state)
	}
	requests := r.world.Mutations(cloudsim.Call{}, target)
	for _, m := range requests {
		if m.Taken {
			taken--
		}
	}
	if taken != 0 || len(requests) != strike.requests {
		t.Errorf("the cloud saw %+v", requests)
	}
	if strings.Contains(fmt.Sprint(op), "SecretAccessKey") {
		t.Error("the operation contains a secret")
	}
}

func metadataOf(t *testing.T, op *longrunningpb.Operation) *discoveryv1.OperationMetadata {
	t.Helper()
	metadata := &discoveryv1.OperationMetadata{}
	if err := op.GetMetadata().UnmarshalTo(metadata); err != nil {
		t.Fatal(err)
	}
	if len(metadata.GetTargets()) != 1 {
		t.Fatalf("%v", metadata)
	}
	return metadata
}

// A machine that is deleted between the poll and the call ends as terminated.
func TestStop_TerminatedBeforeCall(t *testing.T) {
	t.Parallel()
	r := start(t, clouds{world: cloudsim.Config{Transition: cloudsim.Immediately}, aws: simaws.Config{Regions: []string{strikesHome}}}, func(c *app.Config) {
		c.Operations = operation.DefaultLimits()
		c.Periods.Keep = time.Second
	})
	home := r.aws.Accounts()[0]
	made := must(r.aws.Launch(home, strikesHome, simaws.InstanceSpec{}))(t)
	r.connection(r.add(home).GetName(), accountsv1.Connection_CONNECTED)
	r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Action: "StopInstances"}, Kind: cloudsim.Slow, Delay: time.Second})
	conn := dial(t, r.config.GRPC)
	op, err := discoveryv1.NewLifecycleServiceClient(conn).StopInstance(t.Context(), &discoveryv1.StopInstanceRequest{ProviderId: made[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	operations := discoveryv1.NewOperationServiceClient(conn)
	ended := func(ready func(*discoveryv1.Target) bool) *discoveryv1.Target {
		var target *discoveryv1.Target
		eventually(t, op.GetName()+" goes on", func() (bool, any) {
			if op, err = operations.GetOperation(t.Context(), &discoveryv1.GetOperationRequest{Name: op.GetName()}); err != nil {
				return false, err
			}
			target = metadataOf(t, op).GetTargets()[0]
			return ready(target), target
		})
		return target
	}
	ended(func(target *discoveryv1.Target) bool { return target.GetCalls() == 1 })
	if _, err := r.aws.Terminate(home, strikesHome, made[0].ID); err != nil {
		t.Fatal(err)
	}
	got := ended(func(*discoveryv1.Target) bool { return op.GetDone() })
	if got.GetState() != discoveryv1.Target_FAILED || got.GetRefusal().GetReason() != commonv1.ErrorReason_TERMINATED || got.GetCurrentState() != "TERMINATED" {
		t.Errorf("it ended as %v", got)
	}
}
