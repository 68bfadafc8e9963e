package postgres

import (
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// WatchFilter reads a filter of instances that is asked of changes in memory.
// observe_time is no part of it: it moves without a change.
func WatchFilter(text string) (*query.Filter, error) {
	filter, err := instanceFields.ParseFilter(text)
	if err == nil && filter.Uses("observe_time") {
		return nil, fault.Invalid("filter", "can't ask of observe_time here: it moves without a change")
	}
	return filter, err
}

// Row is an instance as filters see it (see instanceFields).
type Row struct {
	*inventory.Instance

	name, etag string // made once, for many filters
}

// RowOf is the row of an instance, which must not change any more; nil of none.
func RowOf(i *inventory.Instance) *Row {
	if i == nil {
		return nil
	}
	return &Row{Instance: i, name: i.UID.String(), etag: i.ETag()}
}

// Value makes it a query.Row.
func (r *Row) Value(path string) query.Value {
	switch path {
	case "name":
		return query.TextValue(r.name)
	case "account":
		return query.TextValue(r.Account)
	case "provider":
		return query.TextValue(string(r.Provider))
	case "kind":
		return query.TextValue(string(r.Kind))
	case "provider_id":
		return query.TextValue(r.ProviderID)
	case "provider_uri":
		return query.TextValue(r.ProviderURI)
	case "display_name":
		return query.TextValue(r.DisplayName)
	case "location.region":
		return query.TextValue(r.Region)
	case "location.zone":
		return query.TextValue(r.Zone)
	case "state":
		return query.TextValue(string(r.State))
	case "provider_state":
		return query.TextValue(r.ProviderState)
	case "machine_type":
		return query.TextValue(r.MachineType)
	case "private_ips":
		return query.ListValue(r.PrivateIPs)
	case "public_ips":
		return query.ListValue(r.PublicIPs)
	case "labels":
		return query.MapValue(r.Labels)
	case "create_time":
		return query.TimeValue(r.CreateTime)
	case "first_seen_time":
		return query.TimeValue(r.FirstSeenTime)
	case "change_time":
		return query.TimeValue(r.ChangeTime)
	case "observe_time":
		return query.TimeValue(r.ObserveTime)
	case "gone_time":
		return query.TimeValue(r.GoneTime)
	case "etag":
		return query.TextValue(r.etag)
	}
	if r.VM != nil {
		if value, ok := vmValue(r.VM, path); ok {
			return value
		}
	}
	if r.DB != nil {
		return dbValue(r.DB, path)
	}
	return query.Missing
}

func vmValue(vm *inventory.VMDetails, path string) (query.Value, bool) {
	switch path {
	case "virtual_machine.image":
		return query.OptionalText(vm.Image), true
	case "virtual_machine.architecture":
		return query.OptionalText(vm.Architecture), true
	case "virtual_machine.platform":
		return query.OptionalText(vm.Platform), true
	case "virtual_machine.spot":
		return query.BoolValue(vm.Spot), true
	case "virtual_machine.network":
		return query.OptionalText(vm.Network), true
	case "virtual_machine.subnet":
		return query.OptionalText(vm.Subnet), true
	case "virtual_machine.hostname":
		return query.OptionalText(vm.Hostname), true
	case "virtual_machine.autoscaling_group":
		return query.OptionalText(vm.AutoscalingGroup), true
	case "virtual_machine.start_time":
		return query.TimeValue(vm.StartTime), true
	}
	return query.Missing, false
}

func dbValue(db *inventory.DBDetails, path string) query.Value {
	switch path {
	case "database.engine":
		return query.OptionalText(db.Engine)
	case "database.engine_version":
		return query.OptionalText(db.EngineVersion)
	case "database.storage_gib":
		return query.IntValue(db.StorageGiB)
	case "database.endpoint":
		return query.OptionalText(db.Endpoint)
	case "database.port":
		return query.IntValue(int64(db.Port))
	case "database.high_availability":
		return query.BoolValue(db.HighAvailability)
	case "database.replica_of":
		return query.OptionalText(db.ReplicaOf)
	case "database.cluster":
		return query.OptionalText(db.Cluster)
	case "database.cluster_writer":
		return query.BoolValue(db.ClusterWriter)
	case "database.network":
		return query.OptionalText(db.Network)
	}
	return query.Missing
}
