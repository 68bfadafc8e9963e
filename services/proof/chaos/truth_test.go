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

// thing is something that is in a cloud now, as the cloud's own record has it.
type thing struct {
	key   string // see keyOf
	scope string // its name on the roll
	// versions are when it came and when each change of it was made.
	versions []time.Time
	// bare things are on their way out: the cloud tells little of them.
	bare bool
	// want is what the roll must have of it: those of its fields that matter.
	want *inventoryv1.Instance
}

// keyOf names an instance: uids are the roll's own, this is the cloud's.
func keyOf(i *inventoryv1.Instance) string { return i.GetAccount() + " " + i.GetProviderId() }

// moving are the words of states that pass by themselves.
var moving = map[string]bool{
	"pending": true, "stopping": true, "shutting-down": true, "terminated": true,
	"creating": true, "starting": true, "modifying": true, "deleting": true,
	"PROVISIONING": true, "STAGING": true, "STOPPING": true, "SUSPENDING": true, "DEPROVISIONING": true,
	"PENDING_CREATE": true, "PENDING_DELETE": true,
}

// age orders the sightings of one thing: by the number that the cloud gives to
// each change, and within it by the state that follows by itself.
type age struct {
	version int
	settled bool
}

func ageOf(i *inventoryv1.Instance) age {
	version, _ := strconv.Atoi(i.GetLabels()[versionTag]) // 0 when there is none
	word := i.GetProviderState()
	return age{version, !moving[word] || word == "terminated"}
}

func (a age) olderThan(b age) bool {
	return a.version < b.version || a.version == b.version && !a.settled && b.settled
}

func (a age) String() string {
	if a.settled {
		return fmt.Sprintf("version %d, settled", a.version)
	}
	return fmt.Sprintf("version %d", a.version)
}

// truth is all that is in the clouds, by key.
type truth map[string]thing

func truthOf(w *cloudsim.World) (truth, error) {
	all := truth{}
	amazon, google := simaws.In(w), simgcp.In(w)
	for _, id := range amazon.Accounts() {
		t, err := amazon.Truth(id)
		if err != nil {
			return nil, err
		}
		for i := range t.Instances {
			all.add(machineThing(id, &t.Instances[i]))
		}
		for i := range t.Databases {
			all.add(databaseThing(id, &t.Databases[i]))
		}
	}
	for _, id := range google.Projects() {
		t, err := google.Truth(id)
		if err != nil {
			return nil, err
		}
		for i := range t.VMs {
			all.add(vmThing(id, &t.VMs[i]))
		}
		for i := range t.Databases {
			all.add(sqlThing(id, &t.Databases[i]))
		}
	}
	return all, nil
}

func (all truth) add(t thing) {
	t.key = keyOf(t.want)
	all[t.key] = t
}

// settled tells whether nothing passes by itself any more.
func (all truth) settled() bool {
	for _, t := range all {
		if moving[t.want.GetProviderState()] {
			return false
		}
	}
	return true
}

func amazonAccount(id string) string { return "accounts/aws-" + id }
func googleAccount(id string) string { return "accounts/gcp-" + id }

// scopeOf names a scope as the contract does.
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

func machineThing(account string, m *simaws.Instance) thing {
	name := m.Name()
	if name == "" {
		name = m.ID
	}
	t := thing{
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

func databaseThing(account string, d *simaws.Database) thing {
	return thing{
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

func vmThing(project string, m *simgcp.VM) thing {
	return thing{
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

func sqlThing(project string, d *simgcp.SQLInstance) thing {
	state := map[simgcp.SQLState]inventoryv1.Instance_State{
		simgcp.SQLRunnable: inventoryv1.Instance_RUNNING, simgcp.SQLPendingCreate: inventoryv1.Instance_PENDING,
		simgcp.SQLPendingDelete: inventoryv1.Instance_STOPPING, simgcp.SQLMaintenance: inventoryv1.Instance_MAINTENANCE,
	}[d.State]
	if d.State == simgcp.SQLRunnable && !d.Active {
		state = inventoryv1.Instance_STOPPED
	}
	return thing{
		scope: scopeOf(googleAccount(project), "database", d.Region), versions: d.Versions,
		want: &inventoryv1.Instance{
			Account: googleAccount(project), Kind: commonv1.Kind_DATABASE,
			// Cloud SQL has no id that is never used again: its connection name and when it was made.
			ProviderId:  project + ":" + d.Region + ":" + d.Name + "@" + d.Created.UTC().Format(time.RFC3339Nano),
			DisplayName: d.Name, Location: &commonv1.Location{Region: d.Region, Zone: d.Zone}, State: state,
			ProviderState: string(d.State), MachineType: d.Tier, Labels: labelsOf(d.Labels),
			Details: &inventoryv1.Instance_Database{Database: &inventoryv1.Database{
				HighAvailability: d.Regional, ReplicaOf: d.ReplicaOf, StorageGib: int64(d.StorageGB),
			}},
		},
	}
}

// differences are what the roll has otherwise than the cloud, "" when nothing.
func (t thing) differences(got *inventoryv1.Instance) string {
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
