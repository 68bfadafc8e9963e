package inventory

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// Row is an instance as a filter matches it in memory. It implements query.Row.
type Row struct {
	*Instance

	name, etag string // computed once for many filters
}

// RowOf returns the row of an instance, which must not change any more; nil for nil.
func RowOf(i *Instance) *Row {
	if i == nil {
		return nil
	}
	return &Row{Instance: i, name: i.UID.String(), etag: i.ETag()}
}

// Value returns the value of a field of instanceSchema.
func (r *Row) Value(field *query.Field) query.Value {
	f := table[field.Index()]
	if f.Stored() {
		return f.value(r.Instance)
	}
	if f.Key {
		return query.TextValue(r.name)
	}
	return query.TextValue(r.etag)
}

// value returns the value of a stored field. An empty text of details is missing, because
// AppendDetails leaves it out.
func (f *Field) value(i *Instance) query.Value {
	switch value := f.Pointer(i).(type) {
	case *string:
		if f.Section != Common {
			return query.OptionalText(*value)
		}
		return query.TextValue(*value)
	case *bool:
		return query.BoolValue(*value)
	case *int32:
		return query.IntValue(int64(*value))
	case *int64:
		return query.IntValue(*value)
	case *time.Time:
		return query.TimeValue(*value)
	case *[]string:
		return query.ListValue(*value)
	case *map[string]string:
		return query.MapValue(*value)
	}
	return query.Missing
}

// queryFields returns the table of fields for a schema of filters and orders.
func queryFields() []query.Field {
	all := make([]query.Field, len(table))
	for n, f := range table {
		all[n] = query.Field{
			Path: f.Path, Type: f.queryType(), Prefix: f.Prefix, Key: f.Key,
			Sortable: f.Sortable, Nullable: f.Nullable, Search: f.Search,
		}
	}
	return all
}

// QueryColumns returns the columns for the filters and orders of instances. column returns the SQL
// expression of a field of the table.
func QueryColumns(column func(*Field) string) query.Columns {
	columns := make([]string, len(table))
	for n, f := range table {
		columns[n] = column(f)
	}
	return func(f *query.Field) string { return columns[f.Index()] }
}

// queryType returns the type of the field in filters and orders.
func (f *Field) queryType() query.Type {
	switch f.Type {
	case Enum:
		return query.Enum(f.Values...)
	case Bool:
		return query.Bool
	case Int32, Int64:
		return query.Int
	case Time:
		return query.Timestamp
	case TextList:
		return query.StringList
	case TextMap:
		return query.StringMap
	}
	if f.Key {
		return query.UUID
	}
	return query.String
}
