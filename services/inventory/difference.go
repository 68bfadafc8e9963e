package inventory

import (
	"maps"
	"slices"
)

// Difference are the fields in which two states of an instance differ, by their
// paths in the contract's JSON form, sorted: what an observation brings, and
// state and goneTime.
func Difference(a, b *Instance) []string {
	var d difference
	d.note("provider", a.Provider != b.Provider)
	d.note("displayName", a.DisplayName != b.DisplayName)
	d.note("providerUri", a.ProviderURI != b.ProviderURI)
	d.note("location.region", a.Region != b.Region)
	d.note("location.zone", a.Zone != b.Zone)
	d.note("state", a.State != b.State)
	d.note("providerState", a.ProviderState != b.ProviderState)
	d.note("machineType", a.MachineType != b.MachineType)
	d.note("privateIps", !slices.Equal(a.PrivateIPs, b.PrivateIPs))
	d.note("publicIps", !slices.Equal(a.PublicIPs, b.PublicIPs))
	d.note("labels", !maps.Equal(a.Labels, b.Labels))
	d.note("createTime", !a.CreateTime.Equal(b.CreateTime))
	d.note("goneTime", !a.GoneTime.Equal(b.GoneTime))
	d.vm(a.VM, b.VM)
	d.db(a.DB, b.DB)
	slices.Sort(d.fields)
	return d.fields
}

type difference struct{ fields []string }

func (d *difference) note(field string, differs bool) {
	if differs {
		d.fields = append(d.fields, field)
	}
}

func (d *difference) vm(a, b *VMDetails) {
	if a == nil || b == nil {
		d.note("virtualMachine", a != b)
		return
	}
	d.note("virtualMachine.image", a.Image != b.Image)
	d.note("virtualMachine.architecture", a.Architecture != b.Architecture)
	d.note("virtualMachine.platform", a.Platform != b.Platform)
	d.note("virtualMachine.spot", a.Spot != b.Spot)
	d.note("virtualMachine.network", a.Network != b.Network)
	d.note("virtualMachine.subnet", a.Subnet != b.Subnet)
	d.note("virtualMachine.hostname", a.Hostname != b.Hostname)
	d.note("virtualMachine.autoscalingGroup", a.AutoscalingGroup != b.AutoscalingGroup)
	d.note("virtualMachine.startTime", !a.StartTime.Equal(b.StartTime))
}

func (d *difference) db(a, b *DBDetails) {
	if a == nil || b == nil {
		d.note("database", a != b)
		return
	}
	d.note("database.engine", a.Engine != b.Engine)
	d.note("database.engineVersion", a.EngineVersion != b.EngineVersion)
	d.note("database.storageGib", a.StorageGiB != b.StorageGiB)
	d.note("database.endpoint", a.Endpoint != b.Endpoint)
	d.note("database.port", a.Port != b.Port)
	d.note("database.highAvailability", a.HighAvailability != b.HighAvailability)
	d.note("database.replicaOf", a.ReplicaOf != b.ReplicaOf)
	d.note("database.cluster", a.Cluster != b.Cluster)
	d.note("database.clusterWriter", a.ClusterWriter != b.ClusterWriter)
	d.note("database.network", a.Network != b.Network)
}
