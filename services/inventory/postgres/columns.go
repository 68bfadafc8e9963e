package postgres

import (
	"strings"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// InstanceFields are the SQL expressions of the fields of an instance, for filters and orders.
var InstanceFields = inventory.QueryColumns(fieldSQL)

// computedSQL are the SQL expressions of fields that are more than a column.
var computedSQL = map[string]string{
	"name":         "uid",
	"observe_time": observeTimeSQL,
	"etag":         `'"' || encode(content_hash, 'hex') || CASE WHEN gone_time IS NULL THEN '"' ELSE '-gone"' END`,
}

// observeTimeSQL is when an instance was last observed, alone or with its scope.
const observeTimeSQL = `GREATEST(observe_time, (SELECT s.last_complete_time FROM scopes s WHERE s.uid = instances.scope))`

// fieldSQL returns the SQL expression of a field, for a row of the table instances. A field of details
// is a member of a JSON object, as a text that compares by code point.
func fieldSQL(f *inventory.Field) string {
	if sql, ok := computedSQL[f.Path]; ok {
		return sql
	}
	if f.Section == inventory.Common {
		return f.Name
	}
	sql := `((details #>> '{` + f.Section.JSONPath() + `,` + f.Member + `}') COLLATE "C")`
	switch f.Type {
	case inventory.Bool:
		return sql + "::boolean"
	case inventory.Int32, inventory.Int64:
		return sql + "::bigint"
	case inventory.Time:
		return sql + "::timestamptz"
	}
	return sql
}

// ObservedColumns returns the fields that an observation writes, each into the column of its name.
func ObservedColumns() []*inventory.Field {
	var columns []*inventory.Field
	for _, f := range inventory.Common.Fields() {
		if f.Stored() && (f.Role == inventory.Identity || f.Role == inventory.Content) {
			columns = append(columns, f)
		}
	}
	return columns
}

// WhereInstances returns the condition on the table instances that a filter is.
func WhereInstances(filter *query.Filter, showGone bool, args *query.Args) string {
	where := filter.On(InstanceFields).Where(args)
	if !showGone {
		where += " AND gone_time IS NULL"
	}
	return where
}

// recordColumns are the columns of an inventory.Record, in the order in which ReadRecord reads them. The
// one before the last two is the time of the last observation.
var recordColumns = []string{
	"uid", "account", "provider", "kind", "provider_id", "provider_uri", "display_name", "region", "zone",
	"state", "provider_state", "machine_type", "private_ips", "public_ips", "labels", "details", "create_time",
	"first_seen_time", "change_time", "observe_time", "gone_time", "content_hash",
}

// RecordColumnCount is the number of columns of a record.
var RecordColumnCount = len(recordColumns)

// InstanceColumns are the columns of a record, of the table instances.
var InstanceColumns = RecordColumns("instances", observeTimeSQL)

// RecordColumns returns the columns of a record, of a row with this name. observeTime is the SQL
// expression of the time of the last observation.
func RecordColumns(row, observeTime string) string {
	columns := make([]string, len(recordColumns))
	for n, column := range recordColumns {
		columns[n] = row + "." + column
		if column == "observe_time" {
			columns[n] = observeTime
		}
	}
	return strings.Join(columns, ", ")
}
