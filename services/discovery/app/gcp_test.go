package app_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
)

const (
	project      = "data-analytics-prod"
	otherProject = "ml-platform"
	zone         = "europe-west1-b"
)

// projects is a world of two projects that is read in a moment.
func projects() clouds {
	return clouds{world: cloudsim.Config{Transition: cloudsim.Immediately}, gcp: simgcp.Config{Projects: []simgcp.ProjectPlan{
		{ID: project, Regions: []string{"europe-west1", "us-central1"}, Instances: 8, Databases: 7},
		{ID: otherProject, Regions: []string{"europe-west1"}, Instances: 2, Databases: 1},
	}}}
}

// addProject adds a project, read with the key of its service account unless change sets another
// method.
func (r *rollcall) addProject(id string, change ...func(*accountsv1.GcpProject)) *accountsv1.Account {
	r.t.Helper()
	key, err := r.google.KeyJSON(id)
	if err != nil {
		r.t.Fatal(err)
	}
	gcp := &accountsv1.GcpProject{ProjectId: id, Credentials: &accountsv1.GcpProject_ServiceAccountKey{
		ServiceAccountKey: &accountsv1.GcpServiceAccountKey{Json: string(key)},
	}}
	for _, c := range change {
		c(gcp)
	}
	created, err := r.accounts.CreateAccount(r.t.Context(), &accountsv1.CreateAccountRequest{
		Account: &accountsv1.Account{Cloud: &accountsv1.Account_Gcp{Gcp: gcp}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return created
}

func (r *rollcall) projectTruth(id string) simgcp.Truth {
	r.t.Helper()
	truth, err := r.gcp.Truth(id)
	if err != nil {
		r.t.Fatal(err)
	}
	return truth
}

// Every VM and database of a project is in the inventory with its own fields, and no other. A zone
// without instances is observed too.
func TestProject_Read(t *testing.T) {
	t.Parallel()
	r := start(t, projects())
	account := r.addProject(project)
	connection := r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	truth, got := r.projectTruth(project), r.instances(account.GetName())
	if want := len(truth.VMs) + len(truth.Databases); len(got) != want {
		t.Errorf("%d instances in the inventory, want %d", len(got), want)
	}
	for _, vm := range truth.VMs {
		i := got[strconv.FormatUint(vm.ID, 10)]
		link := "https://www.googleapis.com/compute/v1/projects/" + project + "/zones/" + vm.Zone + "/instances/" + vm.Name
		if i.GetKind() != commonv1.Kind_VIRTUAL_MACHINE || i.GetProvider() != commonv1.Provider_GCP || i.GetDisplayName() != vm.Name ||
			i.GetProviderState() != string(vm.State) || i.GetMachineType() != vm.Type || i.GetLocation().GetZone() != vm.Zone ||
			i.GetLocation().GetRegion() != simgcp.RegionOfZone(vm.Zone) || i.GetProviderUri() != link ||
			i.GetLabels()["team"] != vm.Label("team") || i.GetVirtualMachine().GetAutoscalingGroup() != vm.Group {
			t.Errorf("%+v is in the inventory as %v", vm, i)
		}
	}
	names := map[string]*inventoryv1.Instance{}
	for _, i := range got {
		if i.GetKind() == commonv1.Kind_DATABASE {
			names[i.GetDisplayName()] = i
		}
	}
	for _, d := range truth.Databases {
		i := names[d.Name]
		stopped := i.GetState() == inventoryv1.Instance_STOPPED
		if i.GetLocation().GetRegion() != d.Region || stopped == d.Active || i.GetDatabase().GetHighAvailability() != d.Regional ||
			i.GetDatabase().GetReplicaOf() != d.ReplicaOf || i.GetDatabase().GetStorageGib() != int64(d.StorageGB) || i.GetMachineType() != d.Tier {
			t.Errorf("%+v is in the inventory as %v", d, i)
		}
	}

	run, err := r.discovery.GetSyncRun(t.Context(), &discoveryv1.GetSyncRunRequest{Name: connection.GetSyncRun()})
	if err != nil {
		t.Fatal(err)
	}
	empty, requests := 0, int32(0)
	for _, scope := range run.GetScopes() {
		if scope.GetState() != discoveryv1.ScopeResult_SUCCEEDED {
			t.Errorf("a scope is %v", scope)
		}
		if scope.GetInstancesSeen() == 0 {
			empty++
		}
		requests += scope.GetRequests()
	}
	if zones := len(simgcp.Zones()); len(run.GetScopes()) != zones+len(simgcp.Catalogue) || empty == 0 || requests != 2 {
		t.Errorf("%d scopes (%d empty) by %d requests, want one for each of %d zones and %d regions by 2",
			len(run.GetScopes()), empty, requests, zones, len(simgcp.Catalogue))
	}

	// A deleted instance is gone after the next sync, and no other.
	victim := truth.VMs[3]
	if _, err := r.gcp.DeleteVM(project, victim.Zone, victim.Name); err != nil {
		t.Fatal(err)
	}
	r.sync(account.GetName())
	after := r.instances(account.GetName())
	if _, there := after[strconv.FormatUint(victim.ID, 10)]; there || len(after) != len(got)-1 {
		t.Errorf("%d instances after a deletion, %d before", len(after), len(got))
	}
}

// A zone that the listing could not reach keeps its instances and states why, and so does a region
// of Cloud SQL. All others are read.
func TestProject_ZoneUnreachable(t *testing.T) {
	t.Parallel()
	r := start(t, projects())
	account := r.addProject(project)
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	before, truth := r.instances(account.GetName()), r.projectTruth(project)
	for _, place := range []string{zone, "europe-west1"} {
		r.world.Inject(cloudsim.Fault{Kind: cloudsim.ZoneUnreachable, Call: cloudsim.Call{Region: place}})
	}
	kept, left := 0, 0
	for _, vm := range truth.VMs {
		if _, err := r.gcp.DeleteVM(project, vm.Zone, vm.Name); err != nil {
			t.Fatal(err)
		}
		if vm.Zone == zone {
			kept++
		}
	}
	for _, d := range truth.Databases {
		if err := r.gcp.DeleteSQL(project, d.Name); err != nil {
			t.Fatal(err)
		}
		if d.Region == "europe-west1" {
			left++
		}
	}
	// A whole zone that vanishes is held at first.
	r.sync(account.GetName())
	run := r.sync(account.GetName())
	if run.GetState() != discoveryv1.SyncRun_DEGRADED || run.GetScopesFailed() != 2 {
		t.Errorf("the run is %v", run.GetState())
	}
	after := r.instances(account.GetName())
	vms := 0
	for _, i := range after {
		if i.GetLocation().GetZone() == zone && i.GetKind() == commonv1.Kind_VIRTUAL_MACHINE {
			vms++
		}
	}
	if vms != kept || len(after) != kept+left || len(before) <= len(after) {
		t.Errorf("%d instances, %d of them VMs of the zone; want %d and %d", len(after), vms, kept+left, kept)
	}
	connection := r.connection(account.GetName(), accountsv1.Connection_DEGRADED)
	if connection.GetReason() != commonv1.ErrorReason_UNREACHABLE || !strings.Contains(connection.GetLastError(), zone) {
		t.Errorf("the connection is %v", connection)
	}
	r.wantUnreachable(account.GetName(), "scopes/gcp-"+project+"~database~europe-west1", "scopes/gcp-"+project+"~virtual-machine~"+zone)

	// When the zone can be reached again, the deleted instances are gone.
	r.world.ClearFaults()
	r.sync(account.GetName())
	if run := r.sync(account.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED || len(r.instances(account.GetName())) != 0 {
		t.Errorf("the run is %v, and %d instances are left", run.GetState(), len(r.instances(account.GetName())))
	}
	r.wantUnreachable(account.GetName())
}

// A listing that fails half-way adds and removes nothing. The listing of the other kind is
// complete.
func TestProject_ListingFailsHalfWay(t *testing.T) {
	t.Parallel()
	for _, kind := range []cloudsim.FaultKind{cloudsim.FailMidway, cloudsim.EndlessPages, cloudsim.RepeatToken, cloudsim.Throttle, cloudsim.Hang} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			r := start(t, projects(), func(c *app.Config) { c.GCP.PageSize = 10 })
			account := r.addProject(project)
			r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
			truth, before := r.projectTruth(project), r.instances(account.GetName())
			defer r.world.Inject(cloudsim.Fault{Kind: kind, Call: cloudsim.Call{Service: "compute", Action: "instances.aggregatedList"}})()
			for _, vm := range truth.VMs[:5] {
				if _, err := r.gcp.DeleteVM(project, vm.Zone, vm.Name); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.gcp.DeleteSQL(project, truth.Databases[0].Name); err != nil {
				t.Fatal(err)
			}
			run := r.sync(account.GetName())
			if run.GetState() != discoveryv1.SyncRun_DEGRADED || int(run.GetScopesFailed()) != len(simgcp.Zones()) {
				t.Errorf("the run is %v with %d failed scopes", run.GetState(), run.GetScopesFailed())
			}
			if after := r.instances(account.GetName()); len(after) != len(before)-1 {
				t.Errorf("%d instances, %d before, of which one database was deleted", len(after), len(before))
			}
		})
	}
}

// A disabled API affects only its kind, with a link to enable it, even if it was disabled from the
// beginning.
func TestProject_APIDisabled(t *testing.T) {
	t.Parallel()
	for service, kinds := range map[string][2]commonv1.Kind{
		"compute":  {commonv1.Kind_VIRTUAL_MACHINE, commonv1.Kind_DATABASE},
		"sqladmin": {commonv1.Kind_DATABASE, commonv1.Kind_VIRTUAL_MACHINE},
	} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			r := start(t, projects())
			truth := r.projectTruth(project)
			count := map[commonv1.Kind]int{commonv1.Kind_VIRTUAL_MACHINE: len(truth.VMs), commonv1.Kind_DATABASE: len(truth.Databases)}
			want := func(want map[commonv1.Kind]int) {
				t.Helper()
				got := map[commonv1.Kind]int{}
				for _, i := range r.instances("accounts/gcp-" + project) {
					got[i.GetKind()]++
				}
				for kind, n := range want {
					if got[kind] != n {
						t.Errorf("%d of %v, want %d", got[kind], kind, n)
					}
				}
			}
			unreachable := func(kind commonv1.Kind) int {
				t.Helper()
				list, err := r.inventory.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{Filter: "kind = " + kind.String()})
				if err != nil {
					t.Fatal(err)
				}
				return len(list.GetUnreachable())
			}
			check := func() {
				t.Helper()
				connection := r.connection("accounts/gcp-"+project, accountsv1.Connection_DEGRADED)
				if connection.GetReason() != commonv1.ErrorReason_API_DISABLED ||
					!strings.Contains(connection.GetRemedy(), "https://console.developers.google.com/apis/api/"+service+".googleapis.com/overview?project=") {
					t.Errorf("the connection is %v", connection)
				}
				if off, on := unreachable(kinds[0]), unreachable(kinds[1]); off == 0 || on != 0 {
					t.Errorf("%d and %d scopes are unreachable", off, on)
				}
			}
			r.gcp.DisableAPI(project, service)
			account := r.addProject(project)
			check()
			want(map[commonv1.Kind]int{kinds[0]: 0, kinds[1]: count[kinds[1]]})
			r.gcp.EnableAPI(project, service)
			if run := r.sync(account.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
				t.Errorf("the run is %v", run)
			}
			want(count)
			r.wantUnreachable(account.GetName())
			r.gcp.DisableAPI(project, service)
			r.sync(account.GetName())
			check()
			want(count)
		})
	}
}

// Credentials that become invalid fail only their own project, with the reason, and no instance is
// marked gone.
func TestProject_CredentialsRevoked(t *testing.T) {
	t.Parallel()
	r := start(t, projects())
	account, neighbour := r.addProject(project), r.addProject(otherProject)
	for _, a := range []*accountsv1.Account{account, neighbour} {
		r.connection(a.GetName(), accountsv1.Connection_CONNECTED)
	}
	before := len(r.instances(account.GetName()))
	r.gcp.RevokeServiceAccountKey(project)
	r.gcp.ExpireTokens(project)
	if run := r.sync(account.GetName()); run.GetState() != discoveryv1.SyncRun_FAILED {
		t.Errorf("with a revoked key the run is %v", run.GetState())
	}
	connection := r.connection(account.GetName(), accountsv1.Connection_FAILED)
	if connection.GetReason() != commonv1.ErrorReason_CREDENTIALS_INVALID || !strings.Contains(connection.GetLastError(), "invalid_grant") {
		t.Errorf("the connection is %v", connection)
	}
	if after := len(r.instances(account.GetName())); after != before {
		t.Errorf("%d instances, %d before", after, before)
	}
	if run := r.sync(neighbour.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
		t.Errorf("the neighbour's run is %v", run)
	}
	r.gcp.RestoreServiceAccountKey(project)
	r.sync(account.GetName())
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
}

// Every sign-in method reads the project.
func TestProject_SignInMethods(t *testing.T) {
	t.Parallel()
	r := start(t, projects())
	key, err := r.google.KeyJSON(otherProject)
	if err != nil {
		t.Fatal(err)
	}
	r.stopDiscovery()
	r.config.GCP.ApplicationDefault = key
	r.restartDiscovery()
	email := simgcp.ServiceAccountEmail(project, simgcp.DefaultServiceAccount)
	federated, err := r.google.WorkloadIdentityJSON(project, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, way := range map[string]func(*accountsv1.GcpProject){
		"impersonation": func(p *accountsv1.GcpProject) {
			p.Credentials = &accountsv1.GcpProject_Impersonation{Impersonation: &accountsv1.GcpImpersonation{ServiceAccount: email}}
		},
		"workload identity": func(p *accountsv1.GcpProject) {
			p.Credentials = &accountsv1.GcpProject_WorkloadIdentity{WorkloadIdentity: &accountsv1.GcpWorkloadIdentity{Json: string(federated)}}
		},
		"application default": func(p *accountsv1.GcpProject) {
			r.gcp.AddMember(project, simgcp.ServiceAccountEmail(otherProject, simgcp.DefaultServiceAccount))
			p.Credentials = nil
		},
	} {
		account := r.addProject(project, way)
		r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
		if got, truth := r.instances(account.GetName()), r.projectTruth(project); len(got) != len(truth.VMs)+len(truth.Databases) {
			t.Errorf("%s: %d instances", name, len(got))
		}
		if _, err := r.accounts.DeleteAccount(t.Context(), &accountsv1.DeleteAccountRequest{Name: account.GetName()}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the inventory is empty", func() (bool, any) {
			left := len(r.instances(account.GetName()))
			return left == 0, left
		})
	}
}

// VerifyAccount tries each permission with a real call.
func TestVerify_Project(t *testing.T) {
	t.Parallel()
	r := start(t, projects())
	email := simgcp.ServiceAccountEmail(project, simgcp.DefaultServiceAccount)
	account := r.addProject(project)
	got := r.verify(account.GetName())
	if got.GetPrincipal() != email || got.GetCloudAccountId() != project || !got.GetAccountMatches() || got.GetReason() != "" || len(got.GetPermissions()) < 3 {
		t.Errorf("good credentials are %v", got)
	}
	r.gcp.DenyPermissions(project, email, "cloudsql.*")
	got = r.verify(account.GetName())
	lacks := slices.ContainsFunc(got.GetPermissions(), func(p *discoveryv1.VerifyAccountResponse_Permission) bool {
		return p.GetPermission() == "cloudsql.instances.list" && p.GetStatus() == discoveryv1.VerifyAccountResponse_Permission_LACK &&
			strings.Contains(p.GetRemedy(), "roles/cloudsql.viewer")
	})
	if !lacks || got.GetReason() != "PERMISSION_DENIED" {
		t.Errorf("credentials without Cloud SQL are %v", got)
	}
}
