package postgres

import (
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Each change in the log has the columns that it overwrote (see
// migrations/inventory/0003_changes.sql). A past state is the present row with the later changes undone:
// each column that they wrote gets the value that the earliest of them found. Columns that are not in the
// log (fence, observe_time) keep their present values. The rows and the log must be read from one
// snapshot of the database: within DB.Read, or in one statement.

// ChangedLater returns the condition on changes (alias c) after a position.
func ChangedLater(args *query.Args, at inventory.AsOfPosition) string {
	condition := "c.revision > " + args.Add(at.Revision) + "::bigint"
	if !at.NotBefore.IsZero() {
		condition += " AND c.time >= " + args.Add(at.NotBefore) + "::timestamptz"
	}
	return condition
}

// UndoneSQL is the aggregate that undoes changes (alias c), whose column was is expanded by jsonb_each
// (alias e): one object of the values that the earliest of them found.
const UndoneSQL = `jsonb_object_agg(e.key, e.value ORDER BY c.revision DESC) FILTER (WHERE e.key IS NOT NULL)`

// InstancesAsOf returns, for a FROM clause, the rows that the table instances had at a position, in
// parentheses. Its alias should be instances, for the expressions that name the table.
//
// The rows that did not change since come from the table, by its indexes. The cost of the others grows
// with the number of changes since.
func InstancesAsOf(args *query.Args, at inventory.AsOfPosition) string {
	return "(SELECT * FROM " + UnchangedSince(args, at) + " i UNION ALL SELECT * FROM " + UndoneSince(args, at) + " i)"
}

// UnchangedSince returns the part of InstancesAsOf that did not change since.
func UnchangedSince(args *query.Args, at inventory.AsOfPosition) string {
	return `(
		SELECT i.* FROM instances i
		WHERE NOT EXISTS (SELECT FROM changes c WHERE c.uid = i.uid AND ` + ChangedLater(args, at) + `)
	)`
}

// UndoneSince returns the part of InstancesAsOf that changed since.
func UndoneSince(args *query.Args, at inventory.AsOfPosition) string {
	return UndoneAmong(args, at, "")
}

// UndoneAmong is UndoneSince for the changes (alias c) that also meet a condition, which begins with
// AND.
func UndoneAmong(args *query.Args, at inventory.AsOfPosition, and string) string {
	return `(
		SELECT was.* FROM (
			SELECT c.uid, ` + UndoneSQL + ` AS was
			FROM changes c LEFT JOIN LATERAL jsonb_each(c.was) e ON true
			WHERE ` + ChangedLater(args, at) + and + `
			GROUP BY c.uid HAVING NOT bool_or(c.type = 'CREATED')
		) later JOIN instances i ON i.uid = later.uid CROSS JOIN LATERAL jsonb_populate_record(i, later.was) was
	)`
}

// ChangeImages returns, for a FROM clause, each row of from, which has the columns of changes and the alias log, with the
// instance as the change left it (after) and as the change found it (before; for a new instance as it left it). Both have
// the columns of instances.
func ChangeImages(from string) string {
	return from + ` log
		JOIN instances i ON i.uid = log.uid
		LEFT JOIN LATERAL (
			SELECT ` + UndoneSQL + ` AS was
			FROM changes c CROSS JOIN LATERAL jsonb_each(c.was) e
			WHERE c.uid = log.uid AND c.revision > log.revision AND c.time >= log.time
		) later ON true
		CROSS JOIN LATERAL jsonb_populate_record(i, later.was) after
		CROSS JOIN LATERAL jsonb_populate_record(after, log.was) before`
}
