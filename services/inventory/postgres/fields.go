package postgres

import (
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// instanceFields are what filters and orders of instances may name.
var instanceFields = query.New(inventory.QueryFields(fieldSQL)...)

// computedSQL are the SQL expressions of fields that are more than a column.
var computedSQL = map[string]string{
	"name":         "uid",
	"observe_time": observeTimeSQL,
	"etag":         `'"' || encode(content_hash, 'hex') || CASE WHEN gone_time IS NULL THEN '"' ELSE '-gone"' END`,
}

// fieldSQL returns the SQL expression of a field, for a row of the table instances. A field of
// details is a member of a JSON object, as a text that compares by code point.
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

// contentColumns returns the fields of Common that an observation writes, each into the column of
// its name.
func contentColumns() []*inventory.Field {
	var columns []*inventory.Field
	for _, f := range inventory.Common.Fields() {
		if f.Stored() && (f.Role == inventory.Identity || f.Role == inventory.Content) {
			columns = append(columns, f)
		}
	}
	return columns
}

// WatchFilter parses a filter that is matched against changes in memory. It refuses fields that
// change without an entry in the log of changes.
func WatchFilter(text string) (*query.Filter, error) {
	filter, err := instanceFields.ParseFilter(text)
	if err != nil {
		return nil, err
	}
	for _, f := range inventory.Fields() {
		if f.Unlogged && filter.Uses(f.Path) {
			return nil, fault.Invalid("filter", "a watch can't filter by %s: it moves without a change", f.Path)
		}
	}
	return filter, nil
}

// enumTexts returns the values of an enum as texts.
func enumTexts[E ~string](values []E) []string {
	texts := make([]string, len(values))
	for n, value := range values {
		texts[n] = string(value)
	}
	return texts
}
