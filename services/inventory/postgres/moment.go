package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// moment is when a read is as of. The zero moment is now: then all is read from
// the tables as they are.
type moment struct {
	time time.Time
	// at is the last change that the roll had taken in by then.
	at past
}

func (m moment) isNow() bool { return m.time.IsZero() }

// pin is how a page token carries a moment: the changes that came at that very
// time may still be on their way when the first page is read.
type pin struct {
	Revision  int64     `json:"r"`
	NotBefore time.Time `json:"t"`
}

func (m moment) pin() *pin {
	if m.isNow() {
		return nil
	}
	return &pin{Revision: m.at.revision, NotBefore: m.at.notBefore}
}

const headSQL = `SELECT revision, time, floor_revision, floor_time, clock_timestamp() FROM change_head`

// head is the row of the log's head, and what time it is.
type head struct {
	revision, floor          int64
	time, floorTime, present time.Time
}

func readHead(ctx context.Context, tx pgx.Tx) (h head, err error) {
	err = tx.QueryRow(ctx, headSQL).Scan(&h.revision, &h.time, &h.floor, &h.floorTime, &h.present)
	return h, err
}

// Times in the log never go back and its revisions have no holes, so that the
// place of a time is found by halving. There is no index by time: it would cost
// each change more than this costs a read. What is searched begins with a place
// that is not too late ($2) and ends before one that is ($3).
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

// momentOf finds the place of a time in the log; that of the pin when there is
// one. The zero time is now. Errors: INVALID_ARGUMENT for a time to come;
// OUT_OF_RANGE with inventory.ReasonHistoryExpired for one before all that is
// kept.
func momentOf(ctx context.Context, tx pgx.Tx, asOf time.Time, pinned *pin) (moment, error) {
	if asOf.IsZero() {
		return moment{}, nil
	}
	h, err := readHead(ctx, tx)
	m := moment{time: asOf, at: past{revision: h.revision, notBefore: h.time}}
	switch {
	case err != nil:
		return m, err
	case asOf.After(h.present):
		return m, fault.Invalid("as_of", "is still to come; it is %s now", h.present.UTC().Format(time.RFC3339))
	case asOf.Before(h.floorTime), pinned != nil && pinned.Revision < h.floor:
		return m, historyExpired(asOf, h.floorTime)
	case pinned != nil:
		m.at = past{revision: pinned.Revision, notBefore: pinned.NotBefore}
		return m, nil
	case !h.time.After(asOf):
		return m, nil
	}
	var of *time.Time // of the floor there may be no row any more
	err = tx.QueryRow(ctx, revisionAtSQL, asOf, h.floor, h.revision+1).Scan(&m.at.revision, &of)
	m.at.notBefore = h.floorTime
	if of != nil {
		m.at.notBefore = *of
	}
	return m, err
}

func historyExpired(asOf, since time.Time) error {
	text := since.UTC().Format(time.RFC3339Nano)
	return fault.New(fault.KindOutOfRange, inventory.ReasonHistoryExpired,
		"history as of %s is not kept; there is history since %s", asOf.UTC().Format(time.RFC3339Nano), text).
		With("historyStartTime", text)
}

// instances stands after FROM: the table as it was, under its own name. What was
// not changed since and what was are read apart, and clause, which may hold WHERE,
// ORDER BY and LIMIT, narrows each: so that the first is found by the indexes of
// the table in their order. The present has no use for it.
func (m moment) instances(args *query.Args, clause string) string {
	if m.isNow() {
		return "instances"
	}
	saw := m.sawUntil(args)
	part := func(rows string) string {
		return "(SELECT * FROM (" + saw + " FROM " + rows + " i) instances " + clause + ")"
	}
	return "(" + part(unchangedSince(args, m.at)) + " UNION ALL " + part(undoneSince(args, m.at)) + ") instances"
}

// instance is the same for the one with this uid, which stands after FROM with
// no more than its own changes read.
func (m moment) instance(args *query.Args, uid any) string {
	if m.isNow() {
		return "instances"
	}
	return "(" + m.sawUntil(args) + ` FROM instances i1
		LEFT JOIN LATERAL (
			SELECT ` + undone + ` AS was, bool_or(c.type = 'CREATED') AS created
			FROM changes c LEFT JOIN LATERAL jsonb_each(c.was) e ON true
			WHERE c.uid = i1.uid AND ` + m.at.later(args) + `
		) later ON true
		CROSS JOIN LATERAL jsonb_populate_record(i1, later.was) i
		WHERE i1.uid = ` + args.Add(uid) + ` AND later.created IS NOT TRUE) AS instances`
}

// sawUntil selects all columns of the table instances from i. Of when an
// instance was looked at alone only the last time is known: when that is too
// late, what is left is the change that made it what it was.
func (m moment) sawUntil(args *query.Args) string {
	return `SELECT i.uid, i.scope, i.fence, i.first_seen_time, i.change_time, i.gone_time, i.content_hash,
		i.account, i.provider, i.kind, i.provider_id, i.provider_uri, i.display_name, i.region, i.zone,
		i.state, i.provider_state, i.machine_type, i.private_ips, i.public_ips, i.labels, i.details, i.create_time,
		GREATEST(i.change_time, CASE WHEN i.observe_time <= ` + args.Add(m.time) + ` THEN i.observe_time END) AS observe_time`
}

// with stands before a statement that reads instances: it puts the scopes as
// they were in the place of the table, for when an instance was last looked at
// (see observeTimeSQL).
func (m moment) with(args *query.Args) string {
	if m.isNow() {
		return ""
	}
	return "WITH scopes AS NOT MATERIALIZED (SELECT uid, last_complete_time FROM " + scopesAsOf(args.Add(m.time)+"::timestamptz") + " s) "
}
