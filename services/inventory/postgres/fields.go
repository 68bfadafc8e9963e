package postgres

import (
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// words are the values of an enum as texts.
func words[E ~string](values []E) []string {
	texts := make([]string, len(values))
	for n, value := range values {
		texts[n] = string(value)
	}
	return texts
}

// instanceFields are what filters and orders of instances may name.
var instanceFields = query.New(
	query.Field{Path: "name", Column: "uid", Type: query.UUID, Prefix: "instances/", Key: true},
	query.Field{Path: "account", Column: "account", Type: query.String, Prefix: "accounts/", Sortable: true},
	query.Field{Path: "provider", Column: "provider", Type: query.Enum(words(inventory.Providers())...), Sortable: true},
	query.Field{Path: "kind", Column: "kind", Type: query.Enum(words(inventory.Kinds())...), Sortable: true},
	query.Field{Path: "provider_id", Column: "provider_id", Type: query.String, Sortable: true, Search: true},
	query.Field{Path: "provider_uri", Column: "provider_uri", Type: query.String, Sortable: true},
	query.Field{Path: "display_name", Column: "display_name", Type: query.String, Sortable: true, Search: true},
	query.Field{Path: "location.region", Column: "region", Type: query.String, Sortable: true},
	query.Field{Path: "location.zone", Column: "zone", Type: query.String, Sortable: true},
	query.Field{Path: "state", Column: "state", Type: query.Enum(words(inventory.States())...), Sortable: true},
	query.Field{Path: "provider_state", Column: "provider_state", Type: query.String, Sortable: true},
	query.Field{Path: "machine_type", Column: "machine_type", Type: query.String, Sortable: true},
	query.Field{Path: "private_ips", Column: "private_ips", Type: query.StringList, Search: true},
	query.Field{Path: "public_ips", Column: "public_ips", Type: query.StringList, Search: true},
	query.Field{Path: "labels", Column: "labels", Type: query.StringMap},
	query.Field{Path: "create_time", Column: "create_time", Type: query.Timestamp, Nullable: true, Sortable: true},
	query.Field{Path: "first_seen_time", Column: "first_seen_time", Type: query.Timestamp, Sortable: true},
	query.Field{Path: "change_time", Column: "change_time", Type: query.Timestamp, Sortable: true},
	query.Field{Path: "observe_time", Column: observeTimeSQL, Type: query.Timestamp, Nullable: true},
	query.Field{Path: "gone_time", Column: "gone_time", Type: query.Timestamp, Nullable: true, Sortable: true},
	query.Field{Path: "etag", Column: etagSQL, Type: query.String},

	query.Field{Path: "virtual_machine.image", Column: vmText("image"), Type: query.String, Nullable: true},
	query.Field{Path: "virtual_machine.architecture", Column: vmText("architecture"), Type: query.String, Nullable: true},
	query.Field{Path: "virtual_machine.platform", Column: vmText("platform"), Type: query.String, Nullable: true},
	query.Field{Path: "virtual_machine.spot", Column: vmText("spot") + "::boolean", Type: query.Bool, Nullable: true},
	query.Field{Path: "virtual_machine.network", Column: vmText("network"), Type: query.String, Nullable: true},
	query.Field{Path: "virtual_machine.subnet", Column: vmText("subnet"), Type: query.String, Nullable: true},
	query.Field{Path: "virtual_machine.hostname", Column: vmText("hostname"), Type: query.String, Nullable: true},
	query.Field{Path: "virtual_machine.autoscaling_group", Column: vmText("autoscalingGroup"), Type: query.String, Nullable: true},
	query.Field{Path: "virtual_machine.start_time", Column: vmText("startTime") + "::timestamptz", Type: query.Timestamp, Nullable: true},

	query.Field{Path: "database.engine", Column: dbText("engine"), Type: query.String, Nullable: true},
	query.Field{Path: "database.engine_version", Column: dbText("engineVersion"), Type: query.String, Nullable: true},
	query.Field{Path: "database.storage_gib", Column: dbText("storageGib") + "::bigint", Type: query.Int, Nullable: true},
	query.Field{Path: "database.endpoint", Column: dbText("endpoint"), Type: query.String, Nullable: true},
	query.Field{Path: "database.port", Column: dbText("port") + "::bigint", Type: query.Int, Nullable: true},
	query.Field{Path: "database.high_availability", Column: dbText("highAvailability") + "::boolean", Type: query.Bool, Nullable: true},
	query.Field{Path: "database.replica_of", Column: dbText("replicaOf"), Type: query.String, Nullable: true},
	query.Field{Path: "database.cluster", Column: dbText("cluster"), Type: query.String, Nullable: true},
	query.Field{Path: "database.cluster_writer", Column: dbText("clusterWriter") + "::boolean", Type: query.Bool, Nullable: true},
	query.Field{Path: "database.network", Column: dbText("network"), Type: query.String, Nullable: true},
	query.Field{Path: "database.auto_restart_time", Column: dbText("autoRestartTime") + "::timestamptz", Type: query.Timestamp, Nullable: true},
)

// etagSQL is Instance.ETag.
const etagSQL = `'"' || encode(content_hash, 'hex') || CASE WHEN gone_time IS NULL THEN '"' ELSE '-gone"' END`

// vmText and dbText are members of the column details, as text that compares by
// code point; see the type details.
func vmText(member string) string { return detailText("virtualMachine," + member) }
func dbText(member string) string { return detailText("database," + member) }

func detailText(path string) string { return `((details #>> '{` + path + `}') COLLATE "C")` }
