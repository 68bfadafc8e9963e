package app_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// runs returns the runs of an account, newest first.
func (r *rollcall) runs(name string) []*discoveryv1.SyncRun {
	r.t.Helper()
	response, err := r.discovery.ListSyncRuns(r.t.Context(), &discoveryv1.ListSyncRunsRequest{Filter: `account = "` + name + `"`})
	if err != nil {
		r.t.Fatal(err)
	}
	return response.GetSyncRuns()
}

// running waits until a run of the account is running, and returns it.
func (r *rollcall) running(name string) *discoveryv1.SyncRun {
	r.t.Helper()
	var found *discoveryv1.SyncRun
	eventually(r.t, name+" is being read", func() (bool, any) {
		for _, run := range r.runs(name) {
			if run.GetState() == discoveryv1.SyncRun_RUNNING && run.GetScopesTotal() > 0 {
				found = run
				return true, nil
			}
		}
		return false, r.runs(name)
	})
	return found
}

// hang makes reading machines hang until the returned function is called.
func (r *rollcall) hang() (end func()) {
	return r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Service: "ec2", Action: "DescribeInstances"}, Kind: cloudsim.Hang})
}

// A run whose worker is killed is ABANDONED within the lease, nothing stays SYNCING, and the next
// run is complete.
func TestRun_WorkerKilled(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	r.stopDiscovery()
	_, kill := r.startChild(hurried)
	unhang := r.hang()
	account := r.add(r.aws.Accounts()[1])
	run := r.connection(account.GetName(), accountsv1.Connection_SYNCING).GetSyncRun()
	eventually(t, "the worker is in the middle of it", func() (bool, any) {
		calls := r.world.Requests(cloudsim.Call{Service: "rds", Action: "DescribeDBInstances"}).Requests
		return calls == 2, calls
	})
	kill()
	unhang()
	r.restartDiscovery()
	if ended := r.watch(run); ended.GetState() != discoveryv1.SyncRun_ABANDONED || ended.GetError() == "" {
		t.Errorf("the killed worker's run is %v", ended)
	}
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	r.wantTruth(account)
}

// A worker that was only believed dead finds out, stops, and does not overwrite the report of its
// successor.
func TestRun_WorkerBelievedDead(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	unhang := r.hang()
	account := r.add(r.aws.Accounts()[1])
	zombie := r.running(account.GetName())

	pool := r.db.Pool(t)
	eventually(t, "the worker is taken for dead", func() (bool, any) {
		// Try again, because it may renew its lease in between.
		_, err := pool.Exec(t.Context(), `UPDATE sync_runs SET lease_time = now() - interval '1 second' WHERE state = 'RUNNING'`)
		if err != nil {
			return false, err
		}
		run, err := r.discovery.GetSyncRun(t.Context(), &discoveryv1.GetSyncRunRequest{Name: zombie.GetName()})
		return run.GetState() == discoveryv1.SyncRun_ABANDONED, err
	})
	unhang()
	connection := r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	if connection.GetSyncRun() == zombie.GetName() {
		t.Error("the worker that was believed dead has reported")
	}
	if again := r.watch(zombie.GetName()); again.GetState() != discoveryv1.SyncRun_ABANDONED {
		t.Errorf("the worker that was believed dead has overwritten the end: %v", again)
	}
}

// A worker that is stopped abandons its run at once, and another process takes over the account.
func TestRun_WorkerStopped(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	unhang := r.hang()
	account := r.add(r.aws.Accounts()[1])
	run := r.running(account.GetName())
	began := time.Now()
	r.stopDiscovery()
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	got, err := r.accounts.GetAccount(t.Context(), &accountsv1.GetAccountRequest{Name: account.GetName()})
	if err != nil || got.GetConnection().GetStatus() != accountsv1.Connection_UNKNOWN {
		t.Errorf("the connection is %v (%v), want UNKNOWN, as before", got.GetConnection(), err)
	}
	unhang()
	r.restartDiscovery()
	if ended := r.watch(run.GetName()); ended.GetState() != discoveryv1.SyncRun_ABANDONED {
		t.Errorf("the run is %v", ended)
	}
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
}

// Two discovery processes share the work: no account is read by both at once.
func TestRun_TwoProcesses(t *testing.T) {
	t.Parallel()
	world := small()
	world.aws.Accounts = 4
	r := start(t, world)
	second := r.config
	second.GRPC = serve.Pipe()
	r.startDiscovery(second)
	for _, id := range r.aws.Accounts() {
		r.add(id, every(5*time.Second))
	}
	eventually(t, "each account was read twice", func() (bool, any) {
		response, err := r.discovery.ListSyncRuns(t.Context(), &discoveryv1.ListSyncRunsRequest{Filter: "state = SUCCEEDED", PageSize: 1000})
		if err != nil {
			return false, err
		}
		count := map[string]int{}
		for _, run := range response.GetSyncRuns() {
			count[run.GetAccount()]++
		}
		for _, id := range r.aws.Accounts() {
			if count["accounts/aws-"+id] < 2 {
				return false, count
			}
		}
		return true, count
	})
	response, err := r.discovery.ListSyncRuns(t.Context(), &discoveryv1.ListSyncRunsRequest{Filter: "state = ABANDONED OR state = FAILED OR state = DEGRADED"})
	if err != nil || len(response.GetSyncRuns()) != 0 {
		t.Errorf("runs that did not succeed: %v (%v)", response.GetSyncRuns(), err)
	}
}

// Two requests for a sync give one run.
func TestSyncAccount_Twice(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	account := r.add(r.aws.Accounts()[1])
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	unhang := r.hang()
	defer unhang()
	first, err := r.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: account.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: account.GetName()})
	if err != nil || second.GetName() != first.GetName() || first.GetTrigger() != discoveryv1.SyncRun_REQUEST {
		t.Errorf("asked twice: %v and %v (%v)", first, second, err)
	}
	_, err = r.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: "accounts/nobody"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("an account that is not in the inventory: %v", err)
	}
}

// A paused account is not read by the schedule, but on request.
func TestSyncAccount_Paused(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	paused := r.add(r.aws.Accounts()[0], func(a *accountsv1.Account) { a.Paused = true })
	// When an account that was added later was read, the paused one would have been due.
	r.connection(r.add(r.aws.Accounts()[1]).GetName(), accountsv1.Connection_CONNECTED)
	if runs := r.runs(paused.GetName()); len(runs) != 0 {
		t.Errorf("a paused account was read: %v", runs)
	}
	if run := r.sync(paused.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
		t.Errorf("asked for, its run is %v", run)
	}
	_, err := r.accounts.UpdateAccount(t.Context(), &accountsv1.UpdateAccountRequest{
		Account: &accountsv1.Account{Name: paused.GetName()}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"paused"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "no longer paused, it is read by the schedule", func() (bool, any) {
		runs := r.runs(paused.GetName())
		return len(runs) == 2 && runs[0].GetTrigger() == discoveryv1.SyncRun_SCHEDULE, runs
	})
}

// An account that is deleted takes its instances with it, even while it is being read. Others stay.
func TestAccount_Deleted(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	deleted, kept := r.add(r.aws.Accounts()[0]), r.add(r.aws.Accounts()[1])
	r.connection(deleted.GetName(), accountsv1.Connection_CONNECTED)
	r.connection(kept.GetName(), accountsv1.Connection_CONNECTED)
	unhang := r.hang()
	if _, err := r.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: deleted.GetName()}); err != nil {
		t.Fatal(err)
	}
	r.running(deleted.GetName())
	if _, err := r.accounts.DeleteAccount(t.Context(), &accountsv1.DeleteAccountRequest{Name: deleted.GetName()}); err != nil {
		t.Fatal(err)
	}
	unhang()
	eventually(t, "its instances have left the inventory", func() (bool, any) {
		instances := r.instances(deleted.GetName())
		return len(instances) == 0, len(instances)
	})
	eventually(t, "its runs are gone", func() (bool, any) {
		runs := r.runs(deleted.GetName())
		return len(runs) == 0, runs
	})
	scopes, err := r.inventory.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{Filter: `account = "` + deleted.GetName() + `"`})
	if err != nil || len(scopes.GetScopes()) != 0 {
		t.Errorf("scopes of the deleted account: %v (%v)", scopes.GetScopes(), err)
	}
	if n := len(r.instances(kept.GetName())); n == 0 {
		t.Error("the other account's instances are gone too")
	}
	// An account that is added again is read again, and its instances have the same names.
	again := r.add(r.aws.Accounts()[0])
	r.connection(again.GetName(), accountsv1.Connection_CONNECTED)
	if n := len(r.instances(again.GetName())); n == 0 {
		t.Error("added again, it has no instances")
	}
}

// A region that is no longer wanted becomes stale and not empty. The account stays CONNECTED,
// because its owner wants it so. A region that is wanted and not enabled is a failed scope.
func TestAccount_RegionsChanged(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	account := r.add(r.aws.Accounts()[0])
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	before := len(r.instances(account.GetName()))

	want := func(regions ...string) {
		t.Helper()
		account.GetAws().Regions, account.Etag = regions, ""
		_, err := r.accounts.UpdateAccount(t.Context(), &accountsv1.UpdateAccountRequest{
			Account: account, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"aws.regions"}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want(home)
	id := account.GetName()[len("accounts/"):]
	eventually(t, "the region's scopes say that it is not wanted", func() (bool, any) {
		response, err := r.inventory.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
		return err == nil && len(response.GetUnreachable()) == 2, response.GetUnreachable()
	})
	r.wantUnreachable(account.GetName(), "scopes/"+id+"~database~"+other, "scopes/"+id+"~virtual-machine~"+other)
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	if after := len(r.instances(account.GetName())); after != before {
		t.Errorf("%d instances, %d before", after, before)
	}

	want(home, "ap-south-1")
	connection := r.connection(account.GetName(), accountsv1.Connection_DEGRADED)
	if connection.GetReason() != commonv1.ErrorReason_API_DISABLED {
		t.Errorf("the connection is %v", connection)
	}
	want()
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	r.wantTruth(account)
}

// A watch of a run returns its progress, scope by scope.
func TestWatchSyncRun(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	account := r.add(r.aws.Accounts()[0])
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	unhang := r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Region: other, Service: "ec2"}, Kind: cloudsim.Hang})
	run, err := r.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: account.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := r.discovery.WatchSyncRun(ctx, &discoveryv1.WatchSyncRunRequest{Name: run.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	for done := int32(0); done < 3; {
		response, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if done > response.GetSyncRun().GetScopesDone() {
			t.Errorf("%d scopes were done, and then %d", done, response.GetSyncRun().GetScopesDone())
		}
		done = response.GetSyncRun().GetScopesDone()
	}
	unhang()
	last := r.watch(run.GetName())
	if last.GetScopesDone() != 4 || last.GetEndTime() == nil {
		t.Errorf("it ended as %v", last)
	}
	_, err = r.discovery.GetSyncRun(t.Context(), &discoveryv1.GetSyncRunRequest{Name: "syncRuns/nothing"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("a run that is not there: %v", err)
	}
}
