package read

import (
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// What follows are the statements that the store runs, for tests that read their plans.

// PageSQL returns the statement of one page.
func PageSQL(q inventory.ListQuery) (string, []any, error) { return newListing(q).pageSQL() }

// PageAsOfSQL returns the statement of one page as of a position.
func PageAsOfSQL(q inventory.ListQuery, position inventory.AsOfPosition) (string, []any, error) {
	l := newListing(q)
	l.asOf = asOf{time: q.AsOf, position: position}
	return l.pageSQL()
}

// KeptTotalSQL returns the statement of a total that is in instance_counts.
func KeptTotalSQL(q inventory.ListQuery) (string, []any) { return newListing(q).keptTotalSQL() }

// FewSQL returns the statement of a first page with its total, for few matches.
func FewSQL(q inventory.ListQuery) (string, []any) { return newListing(q).fewSQL() }

// BucketSQL returns the statement of a page by bucket.
func BucketSQL(q inventory.ListQuery) (string, []any, error) { return newListing(q).bucketPageSQL() }

// SampleSQL returns the statement of the sample for the total of a page by bucket.
func SampleSQL(q inventory.ListQuery, sampled int64) (string, []any) {
	return newListing(q).sampleSQL(sampled)
}

// AggregateSQL returns the statement of an aggregate.
func AggregateSQL(q inventory.AggregateQuery) (string, []any) { return aggregateSQL(q, asOf{}) }

// LookupSQL returns the statement of a look-up.
func LookupSQL(key inventory.LookupKey, in inventory.LookupScope) (string, []any) {
	return lookupSQL(key, in)
}

// ScopesSQL returns the statement of a page of scopes.
func ScopesSQL(q inventory.ScopesQuery) (string, []any) { return scopesSQL(q) }

// ExportSQL returns the statement of an export.
func ExportSQL(q inventory.ExportQuery) (string, []any) { return exportSQL(q) }

// GetAsOfSQL returns the statement of one instance as of a position.
func GetAsOfSQL(uid uuid.UUID, at time.Time, position inventory.AsOfPosition) (string, []any) {
	return getAsOfSQL(uid, asOf{time: at, position: position})
}

// TouchedSQL returns the condition on the scopes that can have instances that a filter matches.
func TouchedSQL(filter *query.Filter) (string, []any) {
	t := touchedBy(filter)
	return t.where, t.args
}

// The statements of a history and of the search for a position, with parameters of the test's choice.
const (
	HistorySQL    = historySQL
	GapsSQL       = gapsSQL
	RevisionAtSQL = revisionAtSQL
)
