package app_test

import (
	"testing"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// An account that is added is read soon, without a request: each of its instances is in the
// inventory, and no other.
func TestSync_NewAccount(t *testing.T) {
	t.Parallel()
	r := start(t, clouds{aws: simaws.Config{Accounts: 2, Instances: 30, Databases: 8, Hostile: true}})
	cloudID := r.aws.Accounts()[1]
	account := r.add(cloudID)
	connection := r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	if connection.GetLastError() != "" || connection.GetLastSuccessTime() == nil {
		t.Errorf("connected, and yet %v", connection)
	}
	truth, err := r.aws.Truth(cloudID)
	if err != nil {
		t.Fatal(err)
	}
	got := r.instances(account.GetName())
	if want := len(truth.Instances) + len(truth.Databases); len(got) != want {
		t.Errorf("%d instances in the inventory, want %d", len(got), want)
	}
	for _, machine := range truth.Instances {
		instance := got[machine.ID]
		if instance.GetKind() != commonv1.Kind_VIRTUAL_MACHINE || !machine.Bare && instance.GetMachineType() != machine.Type {
			t.Errorf("machine %s is in the inventory as %v", machine.ID, instance)
		}
	}

	run, err := r.discovery.GetSyncRun(t.Context(), &discoveryv1.GetSyncRunRequest{Name: connection.GetSyncRun()})
	if err != nil {
		t.Fatal(err)
	}
	if run.GetState() != discoveryv1.SyncRun_SUCCEEDED || run.GetTrigger() != discoveryv1.SyncRun_SCHEDULE ||
		run.GetScopesDone() != 6 || run.GetScopesTotal() != 6 || run.GetInstancesSeen() != int64(len(got)) {
		t.Errorf("the run is %v", run)
	}
	for _, scope := range run.GetScopes() {
		if scope.GetState() != discoveryv1.ScopeResult_SUCCEEDED || scope.GetRequests() == 0 || scope.GetCreated() != scope.GetInstancesSeen() {
			t.Errorf("a scope is %v", scope)
		}
	}
}
