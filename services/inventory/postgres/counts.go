package postgres

import (
	"slices"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// The table instance_counts has the number of instances of each scope and region, by one facet at a time.
// It answers filters and groups that name only CountedFields and at most one facet.
var (
	// CountedFields are the paths of the fields that all counts are by.
	CountedFields = []string{"account", "provider", "kind", "location.region"}
	// Facets are the fields that counts are by in addition, one at a time. The first one has the fewest
	// values, and serves if none is named.
	Facets = []Facet{{"state", "state"}, {"location.zone", "zone"}, {"machine_type", "machine_type"}}
)

// Facet is a field that instances are counted by, with its column of the table instances.
type Facet struct{ Path, Column string }

// FieldsOfFewValues returns the paths of CountedFields and Facets.
func FieldsOfFewValues() []string {
	fields := slices.Clone(CountedFields)
	for _, facet := range Facets {
		fields = append(fields, facet.Path)
	}
	return fields
}

// CountsFor returns, for a FROM clause, the counts that answer a filter and groups by these fields, of
// instances that are not gone. They have the columns of instances that the filter and the groups may
// name, and count. ok is false if there are no such counts.
func CountsFor(filter *query.Filter, groups ...string) (from string, ok bool) {
	for _, facet := range Facets {
		known := append(slices.Clone(CountedFields), facet.Path)
		if filter.UsesOnly(known...) && !slices.ContainsFunc(groups, func(path string) bool { return !slices.Contains(known, path) }) {
			return `(
				SELECT account, provider, kind, region, value AS ` + facet.Column + `, count
				FROM instance_counts WHERE facet = '` + facet.Column + `' AND count > 0
			) counted`, true
		}
	}
	return "", false
}
