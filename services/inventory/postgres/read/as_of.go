package read

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// asOf is the time that an answer is about. The zero asOf is now: the tables are read as they are.
type asOf struct {
	time time.Time
	// position is that of the last change that was committed by then.
	position inventory.AsOfPosition
}

func (a asOf) isNow() bool { return a.time.IsZero() }

// cursor returns the position for a page token; nil for now.
func (a asOf) cursor() *inventory.AsOfPosition {
	if a.isNow() {
		return nil
	}
	return &a.position
}

const headSQL = `SELECT revision, time, floor_revision, floor_time, clock_timestamp() FROM change_head`

// head is the head of the log, and the present time.
type head struct {
	revision, floor          int64
	time, floorTime, present time.Time
}

func readHead(ctx context.Context, tx pgx.Tx) (h head, err error) {
	err = tx.QueryRow(ctx, headSQL).Scan(&h.revision, &h.time, &h.floor, &h.floorTime, &h.present)
	return h, err
}

// revisionAtSQL finds the position of a time by bisection, because the times in the log never decrease and
// its revisions have no holes. An index by time would cost each change more than this costs a read. The
// search is between a revision that is not too late ($2) and one that is ($3).
const revisionAtSQL = `
	WITH RECURSIVE search (low, high) AS (
		SELECT $2::bigint, $3::bigint
		UNION ALL
		SELECT CASE WHEN c.time > $1 THEN s.low ELSE s.middle END, CASE WHEN c.time > $1 THEN s.middle ELSE s.high END
		FROM (SELECT low, high, (low + high) / 2 AS middle FROM search WHERE high - low > 1) s
		CROSS JOIN LATERAL (SELECT time FROM changes WHERE revision = s.middle) c
	)
	SELECT s.low, (SELECT time FROM changes WHERE revision = s.low)
	FROM search s ORDER BY s.high - s.low LIMIT 1`

// findAsOf finds the position of a time in the log, unless a page token has it. The zero time is now. Errors:
// INVALID_ARGUMENT for a time in the future; OUT_OF_RANGE with HISTORY_EXPIRED for one before the log.
func findAsOf(ctx context.Context, tx pgx.Tx, at time.Time, known *inventory.AsOfPosition) (asOf, error) {
	if at.IsZero() {
		return asOf{}, nil
	}
	h, err := readHead(ctx, tx)
	a := asOf{time: at, position: inventory.AsOfPosition{Revision: h.revision, NotBefore: h.time}}
	switch {
	case err != nil:
		return a, err
	case at.After(h.present):
		return a, fault.Invalid("as_of", "is in the future; it is %s now", h.present.UTC().Format(time.RFC3339))
	case at.Before(h.floorTime), known != nil && known.Revision < h.floor:
		return a, historyExpired(at, h.floorTime)
	case known != nil:
		a.position = *known
		return a, nil
	case !h.time.After(at):
		return a, nil
	}
	var changed *time.Time // nil for the floor, whose row may be deleted
	err = tx.QueryRow(ctx, revisionAtSQL, at, h.floor, h.revision+1).Scan(&a.position.Revision, &changed)
	a.position.NotBefore = h.floorTime
	if changed != nil {
		a.position.NotBefore = *changed
	}
	return a, err
}

func historyExpired(at, since time.Time) error {
	text := since.UTC().Format(time.RFC3339Nano)
	return fault.New(fault.KindOutOfRange, fault.ReasonHistoryExpired,
		"history as of %s is not kept; there is history since %s", at.UTC().Format(time.RFC3339Nano), text).
		With("historyStartTime", text)
}

// instances returns, for a FROM clause, the table instances as it was, under its own name. The rows that did
// not change since and those that did are read separately. clause, which may have WHERE, ORDER BY and LIMIT,
// limits each part, so that the first one is read by the indexes of the table. For now it is not used.
func (a asOf) instances(args *query.Args, clause string) string {
	if a.isNow() {
		return "instances"
	}
	selected := a.selectObserved(args)
	part := func(rows string) string {
		return "(SELECT * FROM (" + selected + " FROM " + rows + " i) instances " + clause + ")"
	}
	return "(" + part(postgres.UnchangedSince(args, a.position)) + " UNION ALL " + part(postgres.UndoneSince(args, a.position)) + ") instances"
}

// instance is instances for the row with this UID. It reads only the changes of that instance.
func (a asOf) instance(args *query.Args, uid any) string {
	if a.isNow() {
		return "instances"
	}
	return "(" + a.selectObserved(args) + ` FROM instances i1
		LEFT JOIN LATERAL (
			SELECT ` + postgres.UndoneSQL + ` AS was, bool_or(c.type = 'CREATED') AS created
			FROM changes c LEFT JOIN LATERAL jsonb_each(c.was) e ON true
			WHERE c.uid = i1.uid AND ` + postgres.ChangedLater(args, a.position) + `
		) later ON true
		CROSS JOIN LATERAL jsonb_populate_record(i1, later.was) i
		WHERE i1.uid = ` + args.Add(uid) + ` AND later.created IS NOT TRUE) AS instances`
}

// selectObserved selects all columns of the table instances from i. Only the last time is stored at which an
// instance was observed alone. If that is too late, the time of its last change is used.
func (a asOf) selectObserved(args *query.Args) string {
	return `SELECT ` + plainColumns + `,
		GREATEST(i.change_time, CASE WHEN i.observe_time <= ` + args.Add(a.time) + ` THEN i.observe_time END) AS observe_time`
}

// plainColumns are the columns of the table instances but observe_time, of the row i.
var plainColumns = func() string {
	columns := []string{"i.uid", "i.scope", "i.fence", "i.first_seen_time", "i.change_time", "i.gone_time", "i.content_hash", "i.details"}
	for _, f := range postgres.ObservedColumns() {
		columns = append(columns, "i."+f.Name)
	}
	return strings.Join(columns, ", ")
}()

// with returns what precedes a statement that reads instances: it replaces the table of scopes by the scopes
// as they were, for the time at which an instance was observed.
func (a asOf) with(args *query.Args) string {
	if a.isNow() {
		return ""
	}
	return "WITH scopes AS NOT MATERIALIZED (SELECT uid, last_complete_time FROM " + scopesAsOf(args.Add(a.time)+"::timestamptz") + " s) "
}
