package app_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
)

// both kinds of one account, in one region.
func oneRegion() clouds {
	return clouds{world: cloudsim.Config{Transition: cloudsim.Immediately}, aws: simaws.Config{Accounts: 2, Regions: []string{home}, Instances: 40, Databases: 8}}
}

// A listing that omits existing instances marks none as gone, because they are looked up by id.
func TestProbe_ListingOmitsInstances(t *testing.T) {
	t.Parallel()
	for _, kind := range []cloudsim.FaultKind{cloudsim.Incomplete, cloudsim.LastPage} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			r := start(t, oneRegion(), smallPages)
			cloudID := r.aws.Accounts()[1]
			account := r.add(cloudID)
			r.connection(account.GetName(), accountsv1.Connection_CONNECTED)

			r.world.Inject(cloudsim.Fault{Kind: kind, Of: cloudsim.Lists})
			truth, err := r.aws.Truth(cloudID)
			if err != nil {
				t.Fatal(err)
			}
			// One of them has changed, and one is gone.
			if err := r.aws.Retag(cloudID, home, truth.Instances[0].ID, map[string]string{"Name": "renamed"}); err != nil {
				t.Fatal(err)
			}
			if err := r.aws.Retag(cloudID, home, truth.Instances[len(truth.Instances)-1].ID, map[string]string{"Name": "renamed"}); err != nil {
				t.Fatal(err)
			}
			if err := r.aws.Vanish(cloudID, home, truth.Instances[1].ID); err != nil {
				t.Fatal(err)
			}
			run := r.sync(account.GetName())
			if run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
				t.Errorf("the run is %v", run)
			}
			r.wantTruth(account)
			got := r.instances(account.GetName())
			for _, id := range []string{truth.Instances[0].ID, truth.Instances[len(truth.Instances)-1].ID} {
				if got[id].GetDisplayName() != "renamed" {
					t.Errorf("%s is %v: an instance that was looked up by id has its content", id, got[id])
				}
			}
			for _, scope := range run.GetScopes() {
				if scope.GetInstancesSeen() == 0 || scope.GetMissing() != 0 {
					t.Errorf("a scope is %v", scope)
				}
			}
		})
	}
}

// Missing instances that can't be looked up stay, their scope states why, and the account is read
// again soon, which settles it.
func TestProbe_LookUpFails(t *testing.T) {
	t.Parallel()
	r := start(t, oneRegion())
	cloudID := r.aws.Accounts()[1]
	account := r.add(cloudID)
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	before := len(r.instances(account.GetName()))

	machines := cloudsim.Call{Service: "ec2", Action: "DescribeInstances"}
	r.world.Inject(cloudsim.Fault{Call: machines, Kind: cloudsim.Incomplete, Of: cloudsim.Lists})
	r.world.Inject(cloudsim.Fault{Call: machines, Kind: cloudsim.AccessDenied, Of: cloudsim.ByID})
	run := r.sync(account.GetName())
	if run.GetState() != discoveryv1.SyncRun_DEGRADED || run.GetScopesFailed() != 0 || run.GetErrorReason() != "PERMISSION_DENIED" ||
		!strings.Contains(run.GetError(), "could not be looked up") || !strings.Contains(run.GetRemedy(), "ec2:DescribeInstances") {
		t.Errorf("the run is %v", run)
	}
	for _, scope := range run.GetScopes() {
		held := scope.GetKind() == "VIRTUAL_MACHINE"
		if (scope.GetState() == discoveryv1.ScopeResult_HELD) != held || (scope.GetMissing() > 0) != held || scope.GetGone() > 0 {
			t.Errorf("a scope is %v", scope)
		}
	}
	if now := len(r.instances(account.GetName())); now != before {
		t.Errorf("%d of %d instances are in the inventory", now, before)
	}
	r.connection(account.GetName(), accountsv1.Connection_DEGRADED)
	r.wantUnreachable(account.GetName(), "scopes/"+strings.TrimPrefix(account.GetName(), "accounts/")+"~virtual-machine~"+home)

	r.world.ClearFaults()
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED) // The interval is an hour.
	r.wantTruth(account)
	r.wantUnreachable(account.GetName())
}

// A listing of all zones, or of the databases of all regions, that omits some marks only those as
// gone that are gone.
func TestProbe_ProjectListingOmitsInstances(t *testing.T) {
	t.Parallel()
	r := start(t, projects(), smallPages)
	account := r.addProject(project)
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	before := r.instances(account.GetName())
	for _, kind := range []cloudsim.FaultKind{cloudsim.Incomplete, cloudsim.LastPage, cloudsim.Empty} {
		remove := r.world.Inject(cloudsim.Fault{Kind: kind, Of: cloudsim.Lists, Call: cloudsim.Call{Service: "compute", Action: "instances.aggregatedList"}})
		defer r.world.Inject(cloudsim.Fault{Kind: kind, Of: cloudsim.Lists, Call: cloudsim.Call{Service: "sqladmin"}})()
		victim := r.projectTruth(project).VMs[0]
		if _, err := r.gcp.DeleteVM(project, victim.Zone, victim.Name); err != nil {
			t.Fatal(err)
		}
		delete(before, strconv.FormatUint(victim.ID, 10))
		if run := r.sync(account.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
			t.Errorf("%s: the run is %v", kind, run)
		}
		if after := r.instances(account.GetName()); len(after) != len(before) {
			t.Errorf("%s: %d instances in the inventory, want %d", kind, len(after), len(before))
		}
		remove()
	}
}

// After a person confirmed a held scope, the account is read at once and its connection is correct
// again. Until then, it is not read again.
func TestConfirm_AccountReadAtOnce(t *testing.T) {
	t.Parallel()
	r := start(t, oneRegion(), func(c *app.Config) { c.Limits.Settle = time.Hour })
	cloudID := r.aws.Accounts()[1]
	account := r.add(cloudID)
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	truth, err := r.aws.Truth(cloudID)
	if err != nil {
		t.Fatal(err)
	}
	for _, machine := range truth.Instances {
		if err := r.aws.Vanish(cloudID, machine.Region, machine.ID); err != nil {
			t.Fatal(err)
		}
	}
	r.sync(account.GetName())
	r.connection(account.GetName(), accountsv1.Connection_DEGRADED)
	scope := "scopes/" + strings.TrimPrefix(account.GetName(), "accounts/") + "~virtual-machine~" + home
	r.wantUnreachable(account.GetName(), scope)
	// An account that is read after the check shows that this one is not due.
	r.sync(r.add(r.aws.Accounts()[0]).GetName())
	runs := len(r.runs(account.GetName()))

	if _, err := r.inventory.ConfirmScope(t.Context(), &inventoryv1.ConfirmScopeRequest{Name: scope}); err != nil {
		t.Fatal(err)
	}
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	if after := r.runs(account.GetName()); len(after) != runs+1 || after[0].GetTrigger() != discoveryv1.SyncRun_SCHEDULE {
		t.Errorf("after %d runs there are %v", runs, after)
	}
	r.wantTruth(account)
	r.wantUnreachable(account.GetName())
}
