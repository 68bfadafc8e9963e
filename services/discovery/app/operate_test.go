package app_test

import (
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
)

// A machine is stopped and started. When the operation has ended, the inventory has the new state,
// the cloud was called once for each, and the audit has every step.
func TestStopAndStart(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(1, 200*time.Millisecond))
	_, ids := r.launch(1, nil)
	id := ids[0]
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-user", "ada@example.com")
	asked, err := r.lifecycle.StopInstance(ctx, &discoveryv1.StopInstanceRequest{Name: "instances/" + id, Reason: "saves money"})
	if err != nil {
		t.Fatal(err)
	}
	ended := r.wait(asked)
	if instance := r.stored(id); instance.GetState() != inventoryv1.Instance_STOPPED {
		t.Errorf("the operation has ended, and the inventory has %v", instance.GetState())
	}
	metadata := operationMetadata(t, ended)
	stopped := target(t, ended)
	if ended.GetResponse() == nil || stopped.GetState() != discoveryv1.Target_SUCCEEDED || stopped.GetFromState() != "RUNNING" ||
		stopped.GetAlready() || len(stopped.GetSteps()) < 4 || metadata.GetReason() != "saves money" ||
		metadata.GetRequester().GetUser() != "ada@example.com" || metadata.GetRequester().GetSource() != discoveryv1.Requester_FORWARDED_HEADER {
		t.Errorf("it ended as %v", metadata)
	}
	r.wantTaken(id, 1)

	again := target(t, r.stop(id))
	if !again.GetAlready() || again.GetState() != discoveryv1.Target_SUCCEEDED {
		t.Errorf("stopped again: %v", again)
	}
	r.wantTaken(id, 1)

	if started := r.start(id); target(t, started).GetState() != discoveryv1.Target_SUCCEEDED ||
		r.stored(id).GetState() != inventoryv1.Instance_RUNNING {
		t.Errorf("started: %v; the inventory has %v", started, r.stored(id).GetState())
	}
	r.wantTaken(id, 2)

	var events []string
	for _, entry := range r.audited(`operation = "` + asked.GetName() + `"`) {
		events = append(events, entry.GetEvent().String()+" "+entry.GetOutcome()+" "+entry.GetRequester().GetUser()+" "+entry.GetReason())
	}
	if got := strings.Join(events, "; "); got != "ENDED SUCCEEDED ada@example.com saves money; CALLED  ada@example.com saves money; REQUESTED  ada@example.com saves money" {
		t.Errorf("the audit has %s", got)
	}
	r.wantStandard(asked.GetName())
}

// wantStandard checks that google.longrunning.Operations returns the same for an operation that has
// ended, and deletes it.
func (r *rollcall) wantStandard(name string) {
	r.t.Helper()
	ctx := r.t.Context()
	got, err := r.standard.GetOperation(ctx, &longrunningpb.GetOperationRequest{Name: name})
	if err != nil || !got.GetDone() || got.GetName() != name {
		r.t.Errorf("get: %v, %v", got, err)
	}
	list, err := r.standard.ListOperations(ctx, &longrunningpb.ListOperationsRequest{Name: "operations", Filter: "done = true AND verb = STOP", PageSize: 1})
	if err != nil || len(list.GetOperations()) != 1 || list.GetNextPageToken() == "" {
		r.t.Errorf("list: %v, %v", list, err)
	}
	if _, err := r.standard.CancelOperation(ctx, &longrunningpb.CancelOperationRequest{Name: name}); err != nil {
		r.t.Errorf("cancel of one that has ended: %v", err)
	}
	if _, err := r.standard.DeleteOperation(ctx, &longrunningpb.DeleteOperationRequest{Name: name}); err != nil {
		r.t.Errorf("delete: %v", err)
	}
	if _, err := r.standard.GetOperation(ctx, &longrunningpb.GetOperationRequest{Name: name}); status.Code(err) != codes.NotFound {
		r.t.Errorf("get after delete: %v", err)
	}
	if len(r.audited(`operation = "`+name+`"`)) != 4 {
		r.t.Error("the audit went with the operation")
	}
}

// A batch by filter, within the rate limit of EC2: a limit that is too low does nothing, and
// neither does a plan. Then each instance is stopped by one call, except a protected one.
func TestBatch(t *testing.T) {
	t.Parallel()
	const count = 60
	r := start(t, fleet(count, 100*time.Millisecond), func(c *app.Config) { c.BudgetShare = 1 })
	account, ids := r.launch(count, map[string]string{"team": "night"})
	if err := r.aws.Retag(account.GetAws().GetAccountId(), home, ids[7], map[string]string{"rollcall-protect": "yes"}); err != nil {
		t.Fatal(err)
	}
	request := &discoveryv1.BatchStopInstancesRequest{Filter: `labels.team = "night"`, MaxInstances: count - 1, MaxParallel: 30}
	if _, err := r.lifecycle.BatchStopInstances(t.Context(), request); status.Code(err) != codes.FailedPrecondition ||
		reasonOf(err) != "TOO_MANY_INSTANCES" || !strings.Contains(err.Error(), "60") {
		t.Errorf("more than may be: %v", err)
	}
	request.MaxInstances, request.ValidateOnly = count, true
	plan := batch(t, must(r.lifecycle.BatchStopInstances(t.Context(), request))(t))
	if p := plan.GetProgress(); !plan.GetValidateOnly() || p.GetPending() != count-1 || p.GetFailed() != 1 {
		t.Errorf("the plan is %v", p)
	}
	if all := r.world.Mutations(cloudsim.Call{}, ""); len(all) != 0 {
		t.Errorf("a plan called the cloud: %v", all)
	}
	request.ValidateOnly = false
	done := batch(t, r.wait(must(r.lifecycle.BatchStopInstances(t.Context(), request))(t)))
	if p := done.GetProgress(); p.GetTotal() != count || p.GetSucceeded() != count-1 || p.GetFailed() != 1 || done.GetOldestObserveTime() == nil {
		t.Errorf("the result is %v", p)
	}
	instance := r.instances(account.GetName())
	for n, id := range ids {
		want, calls := inventoryv1.Instance_STOPPED, 1
		if n == 7 {
			want, calls = inventoryv1.Instance_RUNNING, 0
		}
		if got := instance[id].GetState(); got != want {
			t.Errorf("%s is %v in the inventory, want %v", id, got, want)
		}
		r.wantTaken(id, calls)
	}
	for _, target := range done.GetTargets() {
		if target.GetState() != discoveryv1.Target_SUCCEEDED && target.GetProviderId() != ids[7] {
			t.Errorf("%v", target)
		}
		if target.GetProviderId() == ids[7] && target.GetRefusal().GetReason() != commonv1.ErrorReason_PROTECTED {
			t.Errorf("the protected one: %v", target)
		}
	}
}

// Requests that Rollcall itself refuses fail at once with the reason, and are in the audit. Nothing
// is called.
func TestStop_Refused(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(2, cloudsim.Immediately))
	account, ids := r.launch(2, map[string]string{"rollcall-protect": ""})
	free, err := r.aws.Launch(r.aws.Accounts()[0], home, simaws.InstanceSpec{Count: 1, Type: "m6i.large", Image: "ami-1"})
	if err != nil {
		t.Fatal(err)
	}
	r.settled(account, inventoryv1.Instance_RUNNING, free[0].ID)
	want := func(what string, request *discoveryv1.StopInstanceRequest, code codes.Code, reason string) {
		t.Helper()
		request.Reason = what
		if _, err := r.lifecycle.StopInstance(t.Context(), request); status.Code(err) != code || reasonOf(err) != reason {
			t.Errorf("%s: %v (%s)", what, err, reasonOf(err))
		}
		entries := r.audited(`reason = "` + what + `"`)
		if len(entries) != 1 || entries[0].GetEvent() != discoveryv1.AuditEntry_REFUSED || entries[0].GetOutcomeReason() != reason ||
			entries[0].GetRequester().GetSource() != discoveryv1.Requester_UNKNOWN {
			t.Errorf("%s: the audit has %v", what, entries)
		}
	}
	name := r.stored(free[0].ID).GetName()
	want("protected", &discoveryv1.StopInstanceRequest{Name: "instances/" + ids[0]}, codes.FailedPrecondition, "PROTECTED")
	want("etag", &discoveryv1.StopInstanceRequest{Name: name, Etag: `"old"`}, codes.Aborted, "ETAG_MISMATCH")
	want("nowhere", &discoveryv1.StopInstanceRequest{ProviderId: "i-0123456789abcdef0"}, codes.NotFound, "NOT_FOUND")
	want("no such name", &discoveryv1.StopInstanceRequest{Name: "instances/" + uuid.NewString()}, codes.NotFound, "NOT_FOUND")
	_, err = r.accounts.UpdateAccount(t.Context(), &accountsv1.UpdateAccountRequest{
		Account: &accountsv1.Account{Name: account.GetName(), ReadOnly: true}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"read_only"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	// Text that Postgres can't store is refused before it gets there.
	nul := &discoveryv1.StopInstanceRequest{ProviderId: "i-0\x00", Reason: "odd"}
	if _, err := r.lifecycle.StopInstance(t.Context(), nul); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "provider_id: must not contain") {
		t.Errorf("a provider id with NUL: %v", err)
	}
	several := &discoveryv1.BatchStopInstancesRequest{Names: []string{name, name + "\x00"}}
	if _, err := r.lifecycle.BatchStopInstances(t.Context(), several); status.Code(err) != codes.InvalidArgument || reasonOf(err) != "INVALID_FIELD" {
		t.Errorf("a name with NUL: %v", err)
	}
	want("read-only", &discoveryv1.StopInstanceRequest{Name: name, ValidateOnly: true}, codes.FailedPrecondition, "ACCOUNT_READ_ONLY")
	if all := r.world.Mutations(cloudsim.Call{}, ""); len(all) != 0 {
		t.Errorf("the cloud was called: %v", all)
	}
}

// A repeated request with the same id returns the same operation; another request with that id is
// refused. Of two clients of one instance, the second gets the operation of the first.
func TestStop_RequestIDAndTwoClients(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(1, 300*time.Millisecond))
	_, ids := r.launch(1, nil)
	request := &discoveryv1.StopInstanceRequest{Name: "instances/" + ids[0], RequestId: uuid.NewString()}
	names := make(chan string, 5)
	for range cap(names) {
		go func() {
			operation, err := r.lifecycle.StopInstance(t.Context(), request)
			if err != nil {
				t.Error(err)
			}
			names <- operation.GetName()
		}()
	}
	first := <-names
	for range cap(names) - 1 {
		if next := <-names; next != first {
			t.Errorf("one request returned %s and %s", first, next)
		}
	}
	other := &discoveryv1.StopInstanceRequest{Name: request.GetName(), RequestId: request.GetRequestId(), Reason: "another"}
	if _, err := r.lifecycle.StopInstance(t.Context(), other); reasonOf(err) != "REQUEST_ID_REUSED" {
		t.Errorf("another request with the id: %v", err)
	}
	_, err := r.lifecycle.StartInstance(t.Context(), &discoveryv1.StartInstanceRequest{Name: request.GetName()})
	if status.Code(err) != codes.Aborted || reasonOf(err) != "OPERATION_IN_PROGRESS" || !strings.Contains(err.Error(), first) {
		t.Errorf("a second client: %v", err)
	}
	r.wait(&longrunningpb.Operation{Name: first})
	r.wantTaken(ids[0], 1)
}

// An instance that is not in the inventory is found in the cloud and stored.
func TestStop_InstanceNotInInventory(t *testing.T) {
	t.Parallel()
	r := start(t, fleet(1, cloudsim.Immediately))
	r.launch(1, nil)
	late, err := r.aws.Launch(r.aws.Accounts()[0], home, simaws.InstanceSpec{Count: 1, Type: "m6i.large", Image: "ami-1"})
	if err != nil {
		t.Fatal(err)
	}
	if stopped := target(t, r.stop(late[0].ID)); stopped.GetState() != discoveryv1.Target_SUCCEEDED {
		t.Errorf("the result is %v", stopped)
	}
	if instance := r.stored(late[0].ID); instance.GetState() != inventoryv1.Instance_STOPPED {
		t.Errorf("the inventory has %v", instance)
	}
}
