package app_test

import (
	"strings"
	"testing"
	"time"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

const (
	home  = "us-east-1"
	other = "us-west-2"
)

// small is a world that is read in a moment.
func small() clouds {
	return clouds{world: cloudsim.Config{Transition: cloudsim.Immediately}, aws: simaws.Config{Accounts: 2, Regions: []string{home, other}, Instances: 12, Databases: 4}}
}

// A region that fails does not affect the others: the rest of the account is read, the region's
// instances stay as they were, and the answers state why.
func TestSync_RegionFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault  cloudsim.FaultKind
		reason commonv1.ErrorReason
		says   string
	}{
		{cloudsim.AccessDenied, commonv1.ErrorReason_PERMISSION_DENIED, "ec2:DescribeInstances"},
		{cloudsim.Throttle, commonv1.ErrorReason_THROTTLED, "sync interval"},
		{cloudsim.Drop, commonv1.ErrorReason_UNREACHABLE, other},
		{cloudsim.Hang, commonv1.ErrorReason_UNREACHABLE, other},
		{cloudsim.Malformed, commonv1.ErrorReason_INTERNAL, "proxy"},
		{cloudsim.EndlessPages, commonv1.ErrorReason_INTERNAL, "proxy"},
		{cloudsim.NotEnabled, commonv1.ErrorReason_CREDENTIALS_INVALID, "enabled"},
	} {
		t.Run(string(test.fault), func(t *testing.T) {
			t.Parallel()
			r := start(t, small())
			cloudID := r.aws.Accounts()[0]
			account := r.add(cloudID)
			r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
			before := r.instances(account.GetName())

			// While the region fails, half of the machines of both regions are deleted: few
			// enough that no scope is held.
			r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Region: other, Service: "ec2"}, Kind: test.fault})
			truth, err := r.aws.Truth(cloudID)
			if err != nil {
				t.Fatal(err)
			}
			vanished, stay := map[string]bool{}, map[string]bool{}
			for _, machine := range truth.Instances {
				if stay[machine.Region] = !stay[machine.Region]; stay[machine.Region] {
					continue
				}
				vanished[machine.ID] = true
				if err := r.aws.Vanish(cloudID, machine.Region, machine.ID); err != nil {
					t.Fatal(err)
				}
			}
			run := r.sync(account.GetName())
			if run.GetState() != discoveryv1.SyncRun_DEGRADED || run.GetScopesFailed() != 1 || run.GetScopesDone() != 4 {
				t.Errorf("the run is %v", run)
			}
			connection := r.connection(account.GetName(), accountsv1.Connection_DEGRADED)
			if connection.GetReason() != test.reason || !strings.Contains(connection.GetLastError(), other) ||
				!strings.Contains(connection.GetRemedy(), test.says) {
				t.Errorf("the connection is %v", connection)
			}

			after := r.instances(account.GetName())
			for id, instance := range before {
				gone := vanished[id] && instance.GetLocation().GetRegion() == home
				if (after[id] == nil) != gone {
					t.Errorf("%s in %s: in the inventory %t, want %t", id, instance.GetLocation().GetRegion(), after[id] != nil, !gone)
				}
			}
			r.wantUnreachable(account.GetName(), "scopes/"+strings.TrimPrefix(account.GetName(), "accounts/")+"~virtual-machine~"+other)

			// When the region is back, the inventory is correct again.
			r.world.ClearFaults()
			if run := r.sync(account.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
				t.Errorf("with the fault gone the run is %v", run)
			}
			r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
			r.wantUnreachable(account.GetName())
		})
	}
}

// wantUnreachable checks that only these scopes of an account are unreachable.
func (r *rollcall) wantUnreachable(name string, scopes ...string) {
	r.t.Helper()
	response, err := r.inventory.ListInstances(r.t.Context(), &inventoryv1.ListInstancesRequest{Filter: `account = "` + name + `"`})
	if err != nil {
		r.t.Fatal(err)
	}
	if strings.Join(response.GetUnreachable(), " ") != strings.Join(scopes, " ") {
		r.t.Errorf("unreachable %v, want %v", response.GetUnreachable(), scopes)
	}
}

// An account that can't be opened is FAILED with reason and remedy. Its stored instances stay, and
// other accounts are not affected.
func TestSync_AccountFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		breaks func(r *rollcall, cloudID string)
		reason commonv1.ErrorReason
		remedy string
	}{
		{"expired", func(r *rollcall, id string) {
			r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: id}, Kind: cloudsim.Expired})
		}, commonv1.ErrorReason_CREDENTIALS_EXPIRED, "renew"},
		{"revoked", func(r *rollcall, id string) {
			r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: id}, Kind: cloudsim.Revoked})
		}, commonv1.ErrorReason_CREDENTIALS_INVALID, ""},
		{"regions denied", func(r *rollcall, id string) {
			r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: id, Action: "DescribeRegions"}, Kind: cloudsim.AccessDenied})
		}, commonv1.ErrorReason_PERMISSION_DENIED, "ec2:DescribeRegions"},
		{"all regions denied", func(r *rollcall, id string) {
			r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: id, Action: "DescribeInstances"}, Kind: cloudsim.AccessDenied})
			r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: id, Service: "rds"}, Kind: cloudsim.AccessDenied})
		}, commonv1.ErrorReason_PERMISSION_DENIED, "Describe"},
		{"dead", func(r *rollcall, id string) {
			r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: id}, Kind: cloudsim.Drop})
		}, commonv1.ErrorReason_UNREACHABLE, "Health"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := start(t, small())
			broken, healthy := r.aws.Accounts()[0], r.aws.Accounts()[1]
			account, bystander := r.add(broken), r.add(healthy)
			r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
			r.connection(bystander.GetName(), accountsv1.Connection_CONNECTED)
			before := len(r.instances(account.GetName()))

			test.breaks(r, broken)
			run := r.sync(account.GetName())
			if run.GetState() != discoveryv1.SyncRun_FAILED || run.GetErrorReason() != test.reason.String() {
				t.Errorf("the run is %v", run)
			}
			connection := r.connection(account.GetName(), accountsv1.Connection_FAILED)
			if connection.GetReason() != test.reason || connection.GetLastError() == "" || connection.GetLastSuccessTime() == nil ||
				!strings.Contains(connection.GetRemedy(), test.remedy) {
				t.Errorf("the connection is %v", connection)
			}
			if after := len(r.instances(account.GetName())); after != before {
				t.Errorf("%d instances in the inventory, %d before", after, before)
			}
			response, err := r.inventory.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
			if err != nil || len(response.GetUnreachable()) != 4 {
				t.Errorf("unreachable are %v (%v), want the account's four scopes", response.GetUnreachable(), err)
			}
			if run := r.sync(bystander.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
				t.Errorf("the other account's run is %v", run)
			}
		})
	}
}

// Credentials of another account write nothing.
func TestSync_AccountMismatch(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	account := r.add(r.aws.Accounts()[1], func(a *accountsv1.Account) {
		a.GetAws().Credentials = nil // The default chain's are the first account's.
	})
	connection := r.connection(account.GetName(), accountsv1.Connection_FAILED)
	if connection.GetReason() != commonv1.ErrorReason_ACCOUNT_MISMATCH ||
		!strings.Contains(connection.GetLastError(), r.aws.Accounts()[0]) || connection.GetRemedy() == "" {
		t.Errorf("the connection is %v", connection)
	}
	if n := len(r.instances(account.GetName())); n != 0 {
		t.Errorf("%d instances of another account are in the inventory", n)
	}
	response, err := r.inventory.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
	if err != nil || len(response.GetUnreachable()) != 1 {
		t.Errorf("unreachable are %v (%v); no instances, and could not look, must differ", response.GetUnreachable(), err)
	}
}

// A role with another external id is refused with the permission to fix. When the settings of the
// account are fixed, it is read at once.
func TestSync_ExternalID(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	cloudID := r.aws.Accounts()[1]
	r.aws.PutRole(cloudID, simaws.Role{Name: "rollcall", ExternalID: "right"})
	account := r.add(cloudID, func(a *accountsv1.Account) { a.GetAws().GetAssumeRole().ExternalId = "wrong" })
	connection := r.connection(account.GetName(), accountsv1.Connection_FAILED)
	if connection.GetReason() != commonv1.ErrorReason_PERMISSION_DENIED || !strings.Contains(connection.GetRemedy(), "external id") {
		t.Errorf("the connection is %v", connection)
	}
	account.GetAws().GetAssumeRole().ExternalId = "right"
	if _, err := r.accounts.UpdateAccount(t.Context(), &accountsv1.UpdateAccountRequest{Account: account}); err != nil {
		t.Fatal(err)
	}
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
}

// An outage of the home region affects only that region: identity and regions are requested
// elsewhere.
func TestSync_HomeRegionDown(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Region: home}, Kind: cloudsim.Drop})
	account := r.add(r.aws.Accounts()[1])
	r.connection(account.GetName(), accountsv1.Connection_DEGRADED)
	for id, instance := range r.instances(account.GetName()) {
		if instance.GetLocation().GetRegion() != other {
			t.Errorf("%s is in a region that is down", id)
		}
	}
}

// An account whose calls all hang does not delay the others.
func TestSync_HungAccountDelaysNobody(t *testing.T) {
	t.Parallel()
	world := small()
	world.aws.Accounts = 6
	r := start(t, world)
	hung := r.aws.Accounts()[1]
	r.world.Inject(cloudsim.Fault{Call: cloudsim.Call{Account: hung}, Kind: cloudsim.Hang})
	slow := r.add(hung)
	began := time.Now()
	for _, id := range r.aws.Accounts()[2:] {
		account := r.add(id)
		r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	}
	t.Logf("four accounts took %s", time.Since(began))
	r.connection(slow.GetName(), accountsv1.Connection_FAILED)
}
