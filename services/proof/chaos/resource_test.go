package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// resource is a resource that exists in a cloud now, according to cloudsim.
type resource struct {
	key   string // see keyOf
	scope string // the name of its scope in the inventory
	// versions are the times of its creation and of each change.
	versions []time.Time
	// bare resources are being deleted: the cloud omits most of their fields.
	bare bool
	// want holds the fields that the inventory must have.
	want *inventoryv1.Instance
}

// keyOf identifies an instance by the cloud's id. The inventory's uids have no counterpart in the
// cloud.
func keyOf(i *inventoryv1.Instance) string { return i.GetAccount() + " " + i.GetProviderId() }

// transient are the provider states that end without a request.
var transient = map[string]bool{
	"pending": true, "stopping": true, "shutting-down": true, "terminated": true,
	"creating": true, "starting": true, "modifying": true, "deleting": true,
	"PROVISIONING": true, "STAGING": true, "STOPPING": true, "SUSPENDING": true, "DEPROVISIONING": true,
	"PENDING_CREATE": true, "PENDING_DELETE": true,
}

// generation orders the observations of a resource: by the number that the cloud gives to each
// change, and within it by whether the state is transient.
type generation struct {
	version int
	settled bool
}

func generationOf(i *inventoryv1.Instance) generation {
	version, _ := strconv.Atoi(i.GetLabels()[versionTag]) // 0 if there is none
	word := i.GetProviderState()
	return generation{version, !transient[word] || word == "terminated"}
}

func (a generation) olderThan(b generation) bool {
	return a.version < b.version || a.version == b.version && !a.settled && b.settled
}

func (a generation) String() string {
	if a.settled {
		return fmt.Sprintf("version %d, settled", a.version)
	}
	return fmt.Sprintf("version %d", a.version)
}

// truth is the content of the clouds by key.
type truth map[string]resource

func truthOf(w *cloudsim.World) (truth, error) {
	all := truth{}
	amazon, google := simaws.In(w), simgcp.In(w)
	for _, id := range amazon.Accounts() {
		t, err := amazon.Truth(id)
		if err != nil {
			return nil, err
		}
		for i := range t.Instances {
			all.add(instanceResource(id, &t.Instances[i]))
		}
		for i := range t.Databases {
			all.add(databaseResource(id, &t.Databases[i]))
		}
	}
	for _, id := range google.Projects() {
		t, err := google.Truth(id)
		if err != nil {
			return nil, err
		}
		for i := range t.VMs {
			all.add(vmResource(id, &t.VMs[i]))
		}
		for i := range t.Databases {
			all.add(sqlResource(id, &t.Databases[i]))
		}
	}
	return all, nil
}

func (all truth) add(t resource) {
	t.key = keyOf(t.want)
	all[t.key] = t
}

// settled reports whether no resource is in a transient state.
func (all truth) settled() bool {
	for _, t := range all {
		if transient[t.want.GetProviderState()] {
			return false
		}
	}
	return true
}

func amazonAccount(id string) string { return "accounts/aws-" + id }
func googleAccount(id string) string { return "accounts/gcp-" + id }

// scopeOf returns the name of a scope as the API defines it.
func scopeOf(account, kind, location string) string {
	return "scopes/" + strings.TrimPrefix(account, "accounts/") + "~" + kind + "~" + location
}

func labelsOf(tags []cloudsim.Tag) map[string]string {
	labels := make(map[string]string, len(tags))
	for _, tag := range tags {
		labels[tag.Key] = tag.Value
	}
	return labels
}

var machineStates = map[simaws.State]inventoryv1.Instance_State{
	simaws.Pending: inventoryv1.Instance_PENDING, simaws.Running: inventoryv1.Instance_RUNNING,
	simaws.ShuttingDown: inventoryv1.Instance_STOPPING, simaws.Terminated: inventoryv1.Instance_TERMINATED,
	simaws.Stopping: inventoryv1.Instance_STOPPING, simaws.Stopped: inventoryv1.Instance_STOPPED,
}

func instanceResource(account string, m *simaws.Instance) resource {
	name := m.Name()
	if name == "" {
		name = m.ID
	}
	t := resource{
		scope: scopeOf(amazonAccount(account), "virtual-machine", m.Region), versions: m.Versions,
		bare: m.State == simaws.ShuttingDown || m.State == simaws.Terminated,
		want: &inventoryv1.Instance{
			Account: amazonAccount(account), Kind: commonv1.Kind_VIRTUAL_MACHINE, ProviderId: m.ID, DisplayName: name,
			Location: &commonv1.Location{Region: m.Region, Zone: m.Network.Zone}, State: machineStates[m.State],
			ProviderState: m.State.String(), MachineType: m.Type, Labels: labelsOf(m.Tags),
			Details: &inventoryv1.Instance_VirtualMachine{VirtualMachine: &inventoryv1.VirtualMachine{
				Image: m.Image.ID, Architecture: m.Image.Arch, Spot: m.Spot, Network: m.Network.VPC,
			}},
		},
	}
	if !t.bare {
		t.want.PrivateIps = []string{m.PrivateIP.String()}
	}
	return t
}

var databaseStates = map[simaws.DatabaseStatus]inventoryv1.Instance_State{
	simaws.DatabaseCreating: inventoryv1.Instance_PENDING, simaws.DatabaseStarting: inventoryv1.Instance_PENDING,
	simaws.DatabaseAvailable: inventoryv1.Instance_RUNNING, simaws.DatabaseStopping: inventoryv1.Instance_STOPPING,
	simaws.DatabaseStopped: inventoryv1.Instance_STOPPED, simaws.DatabaseModifying: inventoryv1.Instance_MAINTENANCE,
	simaws.DatabaseDeleting: inventoryv1.Instance_STOPPING,
}

func databaseResource(account string, d *simaws.Database) resource {
	return resource{
		scope: scopeOf(amazonAccount(account), "database", d.Region), versions: d.Versions,
		bare: d.Status == simaws.DatabaseDeleting || d.Status == simaws.DatabaseCreating,
		want: &inventoryv1.Instance{
			Account: amazonAccount(account), Kind: commonv1.Kind_DATABASE, ProviderId: d.ResourceID, DisplayName: d.ID,
			Location: &commonv1.Location{Region: d.Region, Zone: d.Network.Zone}, State: databaseStates[d.Status],
			ProviderState: string(d.Status), MachineType: d.Class, Labels: labelsOf(d.Tags),
			Details: &inventoryv1.Instance_Database{Database: &inventoryv1.Database{
				Engine: d.Engine, EngineVersion: d.Version, HighAvailability: d.MultiAZ, ReplicaOf: d.ReplicaOf,
				Cluster: d.Cluster, ClusterWriter: d.Writer,
			}},
		},
	}
}

var vmStates = map[simgcp.VMState]inventoryv1.Instance_State{
	simgcp.VMProvisioning: inventoryv1.Instance_PENDING, simgcp.VMStaging: inventoryv1.Instance_PENDING,
	simgcp.VMRunning: inventoryv1.Instance_RUNNING, simgcp.VMStopping: inventoryv1.Instance_STOPPING,
	simgcp.VMTerminated: inventoryv1.Instance_STOPPED, simgcp.VMSuspending: inventoryv1.Instance_STOPPING,
	simgcp.VMSuspended: inventoryv1.Instance_SUSPENDED, simgcp.VMRepairing: inventoryv1.Instance_MAINTENANCE,
	simgcp.VMDeprovisioning: inventoryv1.Instance_STOPPING,
}

func vmResource(project string, m *simgcp.VM) resource {
	return resource{
		scope: scopeOf(googleAccount(project), "virtual-machine", m.Zone), versions: m.Versions,
		want: &inventoryv1.Instance{
			Account: googleAccount(project), Kind: commonv1.Kind_VIRTUAL_MACHINE, ProviderId: strconv.FormatUint(m.ID, 10), DisplayName: m.Name,
			Location: &commonv1.Location{Region: simgcp.RegionOfZone(m.Zone), Zone: m.Zone}, State: vmStates[m.State],
			ProviderState: string(m.State), MachineType: m.Type, Labels: labelsOf(m.Labels), PrivateIps: []string{m.PrivateIP.String()},
			Details: &inventoryv1.Instance_VirtualMachine{VirtualMachine: &inventoryv1.VirtualMachine{
				Spot: m.Spot || m.Preemptible, AutoscalingGroup: m.Group,
			}},
		},
	}
}

func sqlResource(project string, d *simgcp.SQLInstance) resource {
	state := map[simgcp.SQLState]inventoryv1.Instance_State{
		simgcp.SQLRunnable: inventoryv1.Instance_RUNNING, simgcp.SQLPendingCreate: inventoryv1.Instance_PENDING,
		simgcp.SQLPendingDelete: inventoryv1.Instance_STOPPING, simgcp.SQLMaintenance: inventoryv1.Instance_MAINTENANCE,
	}[d.State]
	if d.State == simgcp.SQLRunnable && !d.Active {
		state = inventoryv1.Instance_STOPPED
	}
	return resource{
		scope: scopeOf(googleAccount(project), "database", d.Region), versions: d.Versions,
		want: &inventoryv1.Instance{
			Account: googleAccount(project), Kind: commonv1.Kind_DATABASE,
			// Cloud SQL has no unique id: use the connection name and the creation time.
			ProviderId:  project + ":" + d.Region + ":" + d.Name + "@" + d.Created.UTC().Format(time.RFC3339Nano),
			DisplayName: d.Name, Location: &commonv1.Location{Region: d.Region, Zone: d.Zone}, State: state,
			ProviderState: string(d.State), MachineType: d.Tier, Labels: labelsOf(d.Labels),
			Details: &inventoryv1.Instance_Database{Database: &inventoryv1.Database{
				HighAvailability: d.Regional, ReplicaOf: d.ReplicaOf, StorageGib: int64(d.StorageGB),
			}},
		},
	}
}

// differences describes the fields in which the inventory differs from the cloud, "" if there are
// none.
func (t resource) differences(got *inventoryv1.Instance) string {
	want := t.want
	var all []string
	differ := func(field string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			all = append(all, fmt.Sprintf("%s is %v, in the cloud %v", field, got, want))
		}
	}
	differ("state", got.GetState(), want.GetState())
	differ("provider_state", got.GetProviderState(), want.GetProviderState())
	differ("display_name", got.GetDisplayName(), want.GetDisplayName())
	differ("region", got.GetLocation().GetRegion(), want.GetLocation().GetRegion())
	differ("zone", got.GetLocation().GetZone(), want.GetLocation().GetZone())
	differ("machine_type", got.GetMachineType(), want.GetMachineType())
	if !maps.Equal(got.GetLabels(), want.GetLabels()) {
		differ("labels", got.GetLabels(), want.GetLabels())
	}
	if len(want.GetPrivateIps()) > 0 && !slices.Contains(got.GetPrivateIps(), want.GetPrivateIps()[0]) {
		differ("private_ips", got.GetPrivateIps(), want.GetPrivateIps())
	}
	if vm := want.GetVirtualMachine(); vm != nil && !t.bare {
		differ("spot", got.GetVirtualMachine().GetSpot(), vm.GetSpot())
		differ("group", got.GetVirtualMachine().GetAutoscalingGroup(), vm.GetAutoscalingGroup())
		if vm.GetImage() != "" {
			differ("image", got.GetVirtualMachine().GetImage(), vm.GetImage())
			differ("architecture", got.GetVirtualMachine().GetArchitecture(), vm.GetArchitecture())
			differ("network", got.GetVirtualMachine().GetNetwork(), vm.GetNetwork())
		}
	}
	if db := want.GetDatabase(); db != nil && !t.bare {
		differ("high_availability", got.GetDatabase().GetHighAvailability(), db.GetHighAvailability())
		differ("replica_of", got.GetDatabase().GetReplicaOf(), db.GetReplicaOf())
		differ("cluster", got.GetDatabase().GetCluster(), db.GetCluster())
		differ("cluster_writer", got.GetDatabase().GetClusterWriter(), db.GetClusterWriter())
		if db.GetEngine() != "" {
			differ("engine", got.GetDatabase().GetEngine(), db.GetEngine())
			differ("engine_version", got.GetDatabase().GetEngineVersion(), db.GetEngineVersion())
		}
	}
	return strings.Join(all, "; ")
}
