package log

import (
	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// What follows are the statements that the store runs, for tests that read their plans.

// PageSQL and PositionSQL are those of Read, with parameters of the test's choice.
var (
	PageSQL     = pageSQL
	PositionSQL = positionSQL
)

// UnchangedSQL returns the statement of the instances of a page of List that did not change since.
func UnchangedSQL(at inventory.LogPosition, filter *query.Filter, limit int) (string, []any) {
	return unchangedSQL(at, filter, uuid.Nil, limit)
}

// ChangedSQL returns the statement of those that did.
func ChangedSQL(at inventory.LogPosition, filter *query.Filter, upTo uuid.UUID, limit int) (string, []any) {
	return changedSQL(at, filter, uuid.Nil, upTo, limit)
}
