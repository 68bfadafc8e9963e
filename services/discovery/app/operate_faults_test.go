package app_test

import (
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// Whatever happens to a call, the operation ends with a true result, and the cloud acts only once.
func TestStop_CallFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault  cloudsim.Fault
		state  discoveryv1.Target_State
		reason commonv1.ErrorReason
		taken  int
	}{
		"throttled for a while":          {cloudsim.Fault{Kind: cloudsim.Throttle, Count: 3}, discoveryv1.Target_SUCCEEDED, 0, 1},
		"denied":                         {cloudsim.Fault{Kind: cloudsim.AccessDenied}, discoveryv1.Target_FAILED, commonv1.ErrorReason_PERMISSION_DENIED, 0},
		"the answer is lost":             {cloudsim.Fault{Kind: cloudsim.LoseAnswer}, discoveryv1.Target_SUCCEEDED, 0, 1},
		"the answer never comes":         {cloudsim.Fault{Kind: cloudsim.HangAfter}, discoveryv1.Target_SUCCEEDED, 0, 1},
		"done, and metadata as an error": {cloudsim.Fault{Kind: cloudsim.FailAfter}, discoveryv1.Target_SUCCEEDED, 0, 1},
		"the connection is cut once":     {cloudsim.Fault{Kind: cloudsim.Drop, Count: 1}, discoveryv1.Target_SUCCEEDED, 0, 1},
		"it takes long":                  {cloudsim.Fault{Kind: cloudsim.Linger, Delay: time.Second}, discoveryv1.Target_SUCCEEDED, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, fleet(1, 100*time.Millisecond))
			_, ids := r.launch(1, nil)
			test.fault.Call = cloudsim.Call{Service: "ec2", Action: "StopInstances"}
			r.world.Inject(test.fault)
			got := target(t, r.stop(ids[0]))
			if got.GetState() != test.state || got.GetRefusal().GetReason() != test.reason {
				t.Errorf("the result is %v", got)
			}
			if _, taken := r.taken(ids[0]); taken != test.taken {
				t.Errorf("the cloud acted %d times: %v", taken, r.world.Mutations(cloudsim.Call{}, ids[0]))
			}
			machine, err := r.aws.Instance(r.aws.Accounts()[0], home, ids[0])
			if err != nil {
				t.Fatal(err)
			}
			want := inventoryv1.Instance_RUNNING
			if machine.State == simaws.Stopped {
				want = inventoryv1.Instance_STOPPED
			}
			if instance := r.stored(ids[0]).GetState(); instance != want {
				t.Errorf("the inventory has %v, the cloud %v", instance, machine.State)
			}
		})
	}
}

// A start without capacity fails with that reason and is not repeated.
func TestStart_NoCapacity(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(1, cloudsim.Immediately))
	_, ids := r.launch(1, nil)
	r.stop(ids[0])
	r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Service: "ec2", Action: "StartInstances"}, Kind: cloudsim.NoCapacity})
	got := target(t, r.start(ids[0]))
	if got.GetState() != discoveryv1.Target_FAILED || got.GetRefusal().GetReason() != commonv1.ErrorReason_INSUFFICIENT_CAPACITY ||
		got.GetRefusal().GetRemedy() == "" || got.GetCalls() != 1 {
		t.Errorf("the result is %v", got)
	}
}

// If an instance is terminated while the operation waits for it, the operation ends with that
// reason, and the inventory has the new state.
func TestStop_TerminatedWhileWaiting(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(1, 2*time.Second))
	_, ids := r.launch(1, nil)
	asked := must(r.lifecycle.StopInstance(t.Context(), &discoveryv1.StopInstanceRequest{Name: "instances/" + ids[0]}))(t)
	r.inState(asked, discoveryv1.Target_WAITING)
	if _, err := r.aws.Terminate(r.aws.Accounts()[0], home, ids[0]); err != nil {
		t.Fatal(err)
	}
	got := target(t, r.wait(asked))
	if got.GetState() != discoveryv1.Target_FAILED || got.GetRefusal().GetReason() != commonv1.ErrorReason_TERMINATED {
		t.Errorf("the result is %v", got)
	}
	if instance := r.stored(ids[0]); instance.GetState() != inventoryv1.Instance_TERMINATED && instance.GetProviderState() != "shutting-down" {
		t.Errorf("the inventory has %v", instance)
	}
}

// inState waits until the only target of an operation is in a state.
func (r *rollcall) inState(operation *longrunningpb.Operation, state discoveryv1.Target_State) {
	r.t.Helper()
	eventually(r.t, operation.GetName()+" is "+state.String(), func() (bool, any) {
		got, err := r.operation.GetOperation(r.t.Context(), &discoveryv1.GetOperationRequest{Name: operation.GetName()})
		if err != nil {
			return false, err
		}
		return target(r.t, got).GetState() == state, got
	})
}

// After a worker was killed during its call, another one polls before it does anything, and the
// cloud is called once. So it is if the call was never made, and if the worker was killed while it
// waited.
func TestStop_WorkerKilled(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault cloudsim.Fault
		at    discoveryv1.Target_State
	}{
		"taken, and no answer":  {cloudsim.Fault{Call: cloudsim.Call{Action: "StopInstances"}, Kind: cloudsim.HangAfter}, discoveryv1.Target_CALLED},
		"lost on the way":       {cloudsim.Fault{Call: cloudsim.Call{Action: "StopInstances"}, Kind: cloudsim.Hang, Count: 1}, discoveryv1.Target_CALLED},
		"while it looks":        {cloudsim.Fault{Call: cloudsim.Call{Action: "DescribeInstances"}, Kind: cloudsim.Hang, Count: 1}, discoveryv1.Target_CHECKING},
		"while the cloud works": {cloudsim.Fault{Call: cloudsim.Call{Action: "StopInstances"}, Kind: cloudsim.Linger, Delay: 5 * time.Second}, discoveryv1.Target_WAITING},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, fleet(1, 100*time.Millisecond))
			_, ids := r.launch(1, nil)
			// Requests go to another process than the one that executes the operation: all
			// workers of that one are away.
			r.stopDiscovery()
			_, kill := r.startChild(hurried)
			r.config.OperationWorkers = -1
			r.restartDiscovery()
			test.fault.Service = "ec2"
			r.world.Inject(test.fault)
			asked := must(r.lifecycle.StopInstance(t.Context(), &discoveryv1.StopInstanceRequest{Name: "instances/" + ids[0]}))(t)
			r.inState(asked, test.at)
			if test.fault.Kind == cloudsim.HangAfter {
				eventually(t, "the call is out", func() (bool, any) { n, _ := r.taken(ids[0]); return n > 0, n })
			}
			kill()
			r.config.OperationWorkers = 0
			r.stopDiscovery()
			r.restartDiscovery()
			got := target(t, r.wait(asked))
			if got.GetState() != discoveryv1.Target_SUCCEEDED {
				t.Errorf("the result is %v", got)
			}
			if _, taken := r.taken(ids[0]); taken != 1 {
				t.Errorf("the cloud acted %d times: %v", taken, r.world.Mutations(cloudsim.Call{}, ids[0]))
			}
			if instance := r.stored(ids[0]).GetState(); instance != inventoryv1.Instance_STOPPED {
				t.Errorf("the inventory has %v", instance)
			}
		})
	}
}

// An operation that is cancelled before the call does nothing. After the call, it waits for the
// result and reports it.
func TestStop_Cancelled(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(2, 500*time.Millisecond))
	_, ids := r.launch(2, nil)
	unhang := r.hang()
	early := must(r.lifecycle.StopInstance(t.Context(), &discoveryv1.StopInstanceRequest{Name: "instances/" + ids[0]}))(t)
	r.inState(early, discoveryv1.Target_CHECKING)
	cancel := func(operation *longrunningpb.Operation) {
		t.Helper()
		if _, err := r.operation.CancelOperation(t.Context(), &discoveryv1.CancelOperationRequest{Name: operation.GetName()}); err != nil {
			t.Fatal(err)
		}
	}
	cancel(early)
	unhang()
	if got := target(t, r.wait(early)); got.GetState() != discoveryv1.Target_CANCELLED || got.GetCalls() != 0 {
		t.Errorf("before the call: %v", got)
	}
	r.wantTaken(ids[0], 0)
	late := must(r.lifecycle.StopInstance(t.Context(), &discoveryv1.StopInstanceRequest{Name: "instances/" + ids[1]}))(t)
	r.inState(late, discoveryv1.Target_WAITING)
	cancel(late)
	if got := r.wait(late); target(t, got).GetState() != discoveryv1.Target_SUCCEEDED || operationMetadata(t, got).GetCancelTime() == nil {
		t.Errorf("after the call: %v", got)
	}
	r.wantTaken(ids[1], 1)
}

// A sync that began before a stop and ends after it does not restore the old state.
func TestStop_DuringSync(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(1, cloudsim.Immediately))
	account, ids := r.launch(1, nil)
	// The listing answers late, with the state at the time of the request.
	r.world.Inject(cloudsim.Fault{
		Call: cloudsim.Call{Service: "ec2", Action: "DescribeInstances"}, Of: cloudsim.Lists, Kind: cloudsim.Slow, Delay: 2 * time.Second, Count: 1,
	})
	queued, err := r.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: account.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	r.running(account.GetName())
	if got := target(t, r.stop(ids[0])); got.GetState() != discoveryv1.Target_SUCCEEDED {
		t.Errorf("the result is %v", got)
	}
	r.watch(queued.GetName())
	if instance := r.stored(ids[0]).GetState(); instance != inventoryv1.Instance_STOPPED {
		t.Errorf("the sync turned it back: %v", instance)
	}
	r.wantTaken(ids[0], 1)
}

// A database that its provider restarts is stopped again while it is kept stopped, by Rollcall
// itself and for the original reason, until someone starts it.
func TestKeepStopped(t *testing.T) {
	t.Parallel()
	cloud := fleet(1, 100*time.Millisecond)
	cloud.aws.RestartAfter = 3 * time.Second
	r := start(t, cloud)
	account, _ := r.launch(1, nil)
	database, err := r.aws.LaunchDatabase(r.aws.Accounts()[0], home, simaws.DatabaseSpec{ID: "ledger"})
	if err != nil {
		t.Fatal(err)
	}
	r.settled(account, inventoryv1.Instance_RUNNING, database.ResourceID)
	asked := must(r.lifecycle.StopInstance(t.Context(), &discoveryv1.StopInstanceRequest{
		Name: "instances/" + database.ResourceID, KeepStopped: true, Reason: "closed for the winter",
	}))(t)
	if got := target(t, r.wait(asked)); got.GetState() != discoveryv1.Target_SUCCEEDED {
		t.Fatalf("the result is %v", got)
	}
	if r.stored(database.ResourceID).GetDatabase().GetAutoRestartTime() == nil {
		t.Error("the inventory does not have the time of its restart")
	}
	eventually(t, "it was stopped again", func() (bool, any) {
		r.sync(account.GetName())
		entries := r.audited(`event = ENDED AND outcome = "SUCCEEDED" AND reason = "closed for the winter"`)
		return len(entries) >= 2 && entries[0].GetRequester().GetSource() == discoveryv1.Requester_SYSTEM, entries
	})
	// On a slow machine the cloud may start it by itself between the check and the call.
	eventually(t, "a person starts it", func() (bool, any) {
		got := target(t, r.start(database.ResourceID))
		return got.GetState() == discoveryv1.Target_SUCCEEDED, got
	})
}
