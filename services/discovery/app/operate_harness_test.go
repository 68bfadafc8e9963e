package app_test

import (
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// fleet is a cloud with running machines of one account in one region.
func fleet(machines int, transition time.Duration) clouds {
	return clouds{world: cloudsim.Config{Transition: transition, Seed: uint64(machines)}, aws: simaws.Config{Regions: []string{home}, Instances: 1}}
}

// launch adds running machines that can be stopped, and waits until the inventory has them.
func (r *rollcall) launch(count int, tags map[string]string) (account *accountsv1.Account, ids []string) {
	r.t.Helper()
	cloudID := r.aws.Accounts()[0]
	machines, err := r.aws.Launch(cloudID, home, simaws.InstanceSpec{Count: count, Type: "m6i.large", Image: "ami-1", Tags: tags})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, m := range machines {
		ids = append(ids, m.ID)
	}
	account = r.add(cloudID)
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	r.settled(account, inventoryv1.Instance_RUNNING, ids...)
	return account, ids
}

// settled syncs the account until the inventory has the instances in a state.
func (r *rollcall) settled(account *accountsv1.Account, state inventoryv1.Instance_State, ids ...string) {
	r.t.Helper()
	eventually(r.t, "the inventory has them "+state.String(), func() (bool, any) {
		held := r.instances(account.GetName())
		for _, id := range ids {
			if got := held[id].GetState(); got != state {
				r.sync(account.GetName())
				return false, got
			}
		}
		return true, nil
	})
}

// stop requests a stop and waits for its end.
func (r *rollcall) stop(id string) *longrunningpb.Operation {
	r.t.Helper()
	return r.wait(must(r.lifecycle.StopInstance(r.t.Context(), &discoveryv1.StopInstanceRequest{Name: "instances/" + id}))(r.t))
}

// start requests a start and waits for its end.
func (r *rollcall) start(id string) *longrunningpb.Operation {
	r.t.Helper()
	return r.wait(must(r.lifecycle.StartInstance(r.t.Context(), &discoveryv1.StartInstanceRequest{Name: "instances/" + id}))(r.t))
}

// wait waits for the end of an operation.
func (r *rollcall) wait(operation *longrunningpb.Operation) *longrunningpb.Operation {
	r.t.Helper()
	ended, err := r.operation.WaitOperation(r.t.Context(), &discoveryv1.WaitOperationRequest{
		Name: operation.GetName(), Timeout: durationpb.New(patience),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if !ended.GetDone() {
		r.t.Fatalf("it has not ended: %v", operationMetadata(r.t, ended))
	}
	return ended
}

func operationMetadata(t testing.TB, operation *longrunningpb.Operation) *discoveryv1.OperationMetadata {
	t.Helper()
	metadata := &discoveryv1.OperationMetadata{}
	if err := operation.GetMetadata().UnmarshalTo(metadata); err != nil {
		t.Fatal(err)
	}
	return metadata
}

// target returns the only target of an operation.
func target(t testing.TB, operation *longrunningpb.Operation) *discoveryv1.Target {
	t.Helper()
	targets := operationMetadata(t, operation).GetTargets()
	if len(targets) != 1 {
		t.Fatalf("it has %d instances: %v", len(targets), operation)
	}
	return targets[0]
}

// batch returns the response of a batch.
func batch(t testing.TB, operation *longrunningpb.Operation) *discoveryv1.BatchLifecycleResponse {
	t.Helper()
	response := &discoveryv1.BatchLifecycleResponse{}
	if err := operation.GetResponse().UnmarshalTo(response); err != nil {
		t.Fatalf("%v: %v", operation, err)
	}
	return response
}

// stored returns an instance of the inventory.
func (r *rollcall) stored(id string) *inventoryv1.Instance {
	r.t.Helper()
	instance, err := r.inventory.LookupInstance(r.t.Context(), &inventoryv1.LookupInstanceRequest{
		By: &inventoryv1.LookupInstanceRequest_ProviderId{ProviderId: id},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return instance
}

// taken returns the number of requests to start or stop an instance, and of those that the cloud
// accepted as new.
func (r *rollcall) taken(id string) (requests, taken int) {
	for _, m := range r.world.Mutations(cloudsim.Call{}, id) {
		requests++
		if m.Taken && !m.Repeated {
			taken++
		}
	}
	return requests, taken
}

// wantTaken checks how often the cloud acted on an instance.
func (r *rollcall) wantTaken(id string, want int) {
	r.t.Helper()
	if requests, taken := r.taken(id); requests != want || taken != want {
		r.t.Errorf("%s: %d requests, of which %d were taken; want %d", id, requests, taken, want)
	}
}

// reasonOf returns the reason of an error.
func reasonOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// audited returns the audit entries about an id, oldest first.
func (r *rollcall) audited(filter string) []*discoveryv1.AuditEntry {
	r.t.Helper()
	response, err := r.audit.ListAuditEntries(r.t.Context(), &discoveryv1.ListAuditEntriesRequest{Filter: filter, PageSize: 1000})
	if err != nil {
		r.t.Fatal(err)
	}
	return response.GetAuditEntries()
}
