package read

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// MaxGaps is the largest number of gaps in a page of history. A scope that fails every other time has more gaps
// than its instances have changes.
const MaxGaps = 1000

// ListInstanceChanges reads a page of the changes of an instance.
func (s *Store) ListInstanceChanges(ctx context.Context, q inventory.HistoryQuery) (inventory.History, error) {
	r := historyReader{query: q, cursor: q.Cursor}
	err := s.db.Read(ctx, func(tx pgx.Tx) error { return r.read(ctx, tx) })
	return r.page, err
}

// historyReader reads one page.
type historyReader struct {
	query  inventory.HistoryQuery
	cursor inventory.HistoryCursor
	of     historyOf
	page   inventory.History
}

// historyOf has the fields of the instance that a history needs.
type historyOf struct {
	scope   uuid.UUID
	account string
	kind    inventory.Kind
	// locations are its region and its zone, one of which is the location of its scope.
	locations [2]string
	firstSeen time.Time
}

const historyOfSQL = `SELECT scope, account, kind, region, zone, first_seen_time FROM instances WHERE uid = $1`

func (r *historyReader) read(ctx context.Context, tx pgx.Tx) error {
	err := tx.QueryRow(ctx, historyOfSQL, r.query.Instance).Scan(&r.of.scope, &r.of.account, &r.of.kind,
		&r.of.locations[0], &r.of.locations[1], &r.of.firstSeen)
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.NotFound(inventory.InstanceName(r.query.Instance))
	}
	if err != nil {
		return err
	}
	h, err := readHead(ctx, tx)
	if err != nil {
		return err
	}
	r.page.Since = h.floorTime
	more, err := r.readChanges(ctx, tx, h)
	if err != nil {
		return err
	}
	// Gaps before the log and before the instance are left out. The gap that its first observation ended is
	// not, because the instance may have existed in it.
	low := r.of.firstSeen.Add(-time.Microsecond)
	if h.floorTime.After(low) {
		low = h.floorTime
	}
	if more {
		low = r.page.Changes[len(r.page.Changes)-1].CommitTime
	}
	open, err := r.readOpenGap(ctx, tx)
	if err != nil {
		return err
	}
	moreGaps, err := r.readGaps(ctx, tx, low, open)
	if err != nil {
		return err
	}
	if open != nil && r.query.First {
		r.page.Gaps = slices.Insert(r.page.Gaps, 0, *open)
	}
	r.end(more, moreGaps)
	return nil
}

const historySQL = `
	SELECT revision, time, type, observe_time, COALESCE(was, '{}'), COALESCE(became, '{}')
	FROM changes WHERE uid = $1 AND revision < $2 AND revision > $3
	ORDER BY revision DESC LIMIT $4`

// readChanges reads the changes of the page, and reports whether there are more.
func (r *historyReader) readChanges(ctx context.Context, tx pgx.Tx, h head) (more bool, err error) {
	rows, err := tx.Query(ctx, historySQL, r.query.Instance, r.cursor.Before, h.floor, r.query.PageSize+1)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	bytes := 0
	for rows.Next() {
		var change inventory.HistoryChange
		var was, became []byte
		if err := rows.Scan(&change.Revision, &change.CommitTime, &change.Type, &change.ObserveTime, &was, &became); err != nil {
			return false, err
		}
		bytes += len(was) + len(became)
		if n := len(r.page.Changes); n == r.query.PageSize || n > 0 && bytes > maxPageBytes {
			return true, nil
		}
		if change.Fields, err = FieldChanges(was, became); err != nil {
			return false, err
		}
		r.page.Changes = append(r.page.Changes, change)
	}
	return false, rows.Err()
}

// gapsSQL reads the gaps of all scopes that an instance was ever in: the present one, and those that its changes
// moved it from.
const gapsSQL = `
	SELECT g.scope, g.start_time, g.end_time, g.reason, g.error, s.account, s.kind, s.location
	FROM observation_gaps g LEFT JOIN scopes s ON s.uid = g.scope
	WHERE g.scope IN (SELECT $2::uuid UNION SELECT (was ->> 'scope')::uuid FROM changes WHERE uid = $1 AND was ? 'scope')
		AND (g.end_time, g.scope) < ($3, $4) AND g.end_time > $5
		AND (g.scope, g.start_time, g.reason) IS DISTINCT FROM ($2, $6::timestamptz, '` + inventory.ReasonRemoved + `')
	ORDER BY g.end_time DESC, g.scope DESC LIMIT $7`

// readGaps reads the gaps that ended after low, except the gap of a removal that still lasts. It reports whether
// there are more than a page may have.
func (r *historyReader) readGaps(ctx context.Context, tx pgx.Tx, low time.Time, open *inventory.Gap) (more bool, err error) {
	var openStart *time.Time
	if open != nil && !open.Start.IsZero() {
		openStart = &open.Start
	}
	rows, err := tx.Query(ctx, gapsSQL, r.query.Instance, r.of.scope, r.cursor.GapEnd, r.cursor.GapScope, low, openStart, MaxGaps+1)
	if err != nil {
		return false, err
	}
	var (
		gap                     inventory.Gap
		scope, last             uuid.UUID
		account, kind, location *string
	)
	_, err = pgx.ForEachRow(rows, []any{&scope, &gap.Start, &gap.End, &gap.Reason, &gap.Error, &account, &kind, &location}, func() error {
		if len(r.page.Gaps) == MaxGaps {
			more = true
			r.cursor.GapEnd, r.cursor.GapScope = r.page.Gaps[MaxGaps-1].End, last
			return nil
		}
		last = scope
		gap.Scope = r.of.guess(scope)
		if account != nil {
			gap.Scope = inventory.ScopeKey{Account: *account, Kind: inventory.Kind(*kind), Location: *location}
		}
		r.page.Gaps = append(r.page.Gaps, gap)
		return nil
	})
	return more, err
}

// guess returns the key of a scope that is no longer in the inventory. Its location is the region or the zone of
// the instance.
func (of historyOf) guess(scope uuid.UUID) inventory.ScopeKey {
	key := inventory.ScopeKey{Account: of.account, Kind: of.kind}
	for _, key.Location = range of.locations {
		if key.UID() == scope {
			return key
		}
	}
	key.Location = of.locations[0]
	return key
}

// openGapSQL reads the gap that a scope is in now. The gap of a scope without a complete observation since its
// account was removed began before the removal.
const openGapSQL = `
	SELECT s.account, s.kind, s.location, COALESCE(s.last_complete_time, removed.start_time),
		COALESCE(removed.reason, ` + postgres.GapReasonSQL + `), COALESCE(removed.error, ` + postgres.GapErrorSQL + `, '')
	FROM (VALUES (1)) one
	LEFT JOIN scopes s ON s.uid = $1
	LEFT JOIN (` + postgres.LastGapSQL + `) removed ON removed.reason = '` + inventory.ReasonRemoved + `' AND s.last_complete_time IS NULL
	WHERE removed.scope IS NOT NULL OR s.uid IS NOT NULL AND (s.last_complete_time IS NULL OR ` + postgres.InGapSQL + `)`

// readOpenGap reads the gap that still lasts; nil if there is none.
func (r *historyReader) readOpenGap(ctx context.Context, tx pgx.Tx) (*inventory.Gap, error) {
	gap := inventory.Gap{Scope: r.of.guess(r.of.scope)}
	var account, kind, location *string
	var start *time.Time
	err := tx.QueryRow(ctx, openGapSQL, r.of.scope).Scan(&account, &kind, &location, &start, &gap.Reason, &gap.Error)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil //nolint:nilnil // nil is an answer: there is none.
	case err != nil:
		return nil, err
	case account != nil:
		gap.Scope = inventory.ScopeKey{Account: *account, Kind: inventory.Kind(*kind), Location: *location}
	}
	if start != nil {
		gap.Start = *start
	}
	return &gap, nil
}

// end sets where the next page begins, if there is one. A page with too many gaps ends with the last of them.
func (r *historyReader) end(more, moreGaps bool) {
	if moreGaps {
		kept := slices.IndexFunc(r.page.Changes, func(c inventory.HistoryChange) bool { return c.CommitTime.Before(r.cursor.GapEnd) })
		if kept >= 0 {
			r.page.Changes = r.page.Changes[:kept]
		}
	}
	if !more && !moreGaps {
		return
	}
	if n := len(r.page.Changes); n > 0 {
		last := r.page.Changes[n-1]
		r.cursor.Before = last.Revision
		if !moreGaps {
			r.cursor.GapEnd, r.cursor.GapScope = last.CommitTime, uuid.Max
		}
	}
	r.page.Next = &r.cursor
}
