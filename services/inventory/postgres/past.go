package postgres

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// The log of changes says of each what it took away (see migrations/inventory,
// 0003_changes.sql). A state of the past is the present row with the later
// changes undone: of each column that they wrote, what the earliest of them found
// there. What no change tells of (fence, observe_time) stays as it is now. All of
// it holds only when rows and log are read from one snapshot of the database:
// within Store.read, or in one statement.

// past is a place in the log: the roll as the change of this revision left it.
type past struct {
	revision int64
	// notBefore is a time that no later change came before: that of the change
	// itself, or one between it and the next. It spares a look into the partitions
	// of the days before. Zero: not known.
	notBefore time.Time
}

// later is the condition on changes, called c, for those after the place.
func (p past) later(args *query.Args) string {
	condition := "c.revision > " + args.Add(p.revision) + "::bigint"
	if !p.notBefore.IsZero() {
		condition += " AND c.time >= " + args.Add(p.notBefore) + "::timestamptz"
	}
	return condition
}

// undone is the aggregate that undoes changes (alias c) whose column was is taken
// apart (alias e): one object of what the earliest of them found.
const undone = `jsonb_object_agg(e.key, e.value ORDER BY c.revision DESC) FILTER (WHERE e.key IS NOT NULL)`

// instancesAsOf stands after FROM, in parentheses: the rows that the table
// instances had at that place, with its columns. Call it instances, for the
// expressions that name the table.
//
// What was not changed since comes from the table as it is, by its indexes: it
// costs as much more as there are changes since.
func instancesAsOf(args *query.Args, at past) string {
	return "(SELECT * FROM " + unchangedSince(args, at) + " i UNION ALL SELECT * FROM " + undoneSince(args, at) + " i)"
}

// unchangedSince and undoneSince are the two parts of instancesAsOf.
func unchangedSince(args *query.Args, at past) string {
	return `(
		SELECT i.* FROM instances i
		WHERE NOT EXISTS (SELECT FROM changes c WHERE c.uid = i.uid AND ` + at.later(args) + `)
	)`
}

func undoneSince(args *query.Args, at past) string { return undoneAmong(args, at, "") }

// undoneAmong looks only at those changes (alias c) for which more, which begins
// with AND, holds too.
func undoneAmong(args *query.Args, at past, more string) string {
	return `(
		SELECT was.* FROM (
			SELECT c.uid, ` + undone + ` AS was
			FROM changes c LEFT JOIN LATERAL jsonb_each(c.was) e ON true
			WHERE ` + at.later(args) + more + `
			GROUP BY c.uid HAVING NOT bool_or(c.type = 'CREATED')
		) later JOIN instances i ON i.uid = later.uid CROSS JOIN LATERAL jsonb_populate_record(i, later.was) was
	)`
}

// changeImages stands after FROM: each row of from, which has the columns of
// changes and is called log, with the instance as the change left it (after) and
// as it found it (before; as it left it where it found none). They have the
// columns of instances.
func changeImages(from string) string {
	return from + ` log
		JOIN instances i ON i.uid = log.uid
		LEFT JOIN LATERAL (
			SELECT ` + undone + ` AS was
			FROM changes c CROSS JOIN LATERAL jsonb_each(c.was) e
			WHERE c.uid = log.uid AND c.revision > log.revision AND c.time >= log.time
		) later ON true
		CROSS JOIN LATERAL jsonb_populate_record(i, later.was) after
		CROSS JOIN LATERAL jsonb_populate_record(after, log.was) before`
}
