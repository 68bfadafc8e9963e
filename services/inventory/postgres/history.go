package postgres

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// maxGaps is how many gaps a page of history holds at most: a scope that fails
// every other time has more of them than its instances have changes.
const maxGaps = 1000

// historyCursor is what a page token of ListInstanceChanges carries: where the
// page before ended in the changes and in the gaps, which are parted by the time
// of their end.
type historyCursor struct {
	Before   int64     `json:"r"`
	GapEnd   time.Time `json:"t"`
	GapScope uuid.UUID `json:"s"`
}

// ListInstanceChanges reads a page of what happened to an instance. Errors:
// NOT_FOUND; INVALID_ARGUMENT for a page token that can't be read.
func (s *Store) ListInstanceChanges(ctx context.Context, uid uuid.UUID, q inventory.HistoryQuery) (inventory.History, error) {
	r := historyReader{uid: uid, query: q, fingerprint: query.Fingerprint("changes", uid.String())}
	if err := query.DecodeToken(q.PageToken, r.fingerprint, &r.cursor); err != nil {
		return inventory.History{}, err
	}
	if q.PageToken == "" {
		r.cursor = historyCursor{Before: math.MaxInt64, GapEnd: time.Unix(lastSecond, 0), GapScope: uuid.Max}
	}
	err := s.read(ctx, func(tx pgx.Tx) error { return r.read(ctx, tx) })
	return r.page, err
}

// lastSecond is the last of Unix time that all can write.
const lastSecond = 253402300799

// historyReader reads one page.
type historyReader struct {
	uid         uuid.UUID
	query       inventory.HistoryQuery
	fingerprint string
	cursor      historyCursor
	of          historyOf
	page        inventory.History
}

// historyOf is what has to be known of the instance.
type historyOf struct {
	scope     uuid.UUID
	account   string
	kind      inventory.Kind
	places    [2]string // of which one is the location of its scope
	firstSeen time.Time
}

const historyOfSQL = `SELECT scope, account, kind, region, zone, first_seen_time FROM instances WHERE uid = $1`

func (r *historyReader) read(ctx context.Context, tx pgx.Tx) error {
	err := tx.QueryRow(ctx, historyOfSQL, r.uid).Scan(&r.of.scope, &r.of.account, &r.of.kind,
		&r.of.places[0], &r.of.places[1], &r.of.firstSeen)
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.NotFound(inventory.InstanceName(r.uid))
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
	// What is before all history, or before the instance, is none of its gaps. The
	// one that its first observation ended is: it may have been there in it.
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
	if open != nil && r.query.PageToken == "" {
		r.page.Gaps = slices.Insert(r.page.Gaps, 0, *open)
	}
	r.end(more, moreGaps)
	return nil
}

const historySQL = `
	SELECT revision, time, type, observe_time, COALESCE(was, '{}'), COALESCE(became, '{}')
	FROM changes WHERE uid = $1 AND revision < $2 AND revision > $3
	ORDER BY revision DESC LIMIT $4`

// readChanges reads the changes of the page and tells whether there are more.
func (r *historyReader) readChanges(ctx context.Context, tx pgx.Tx, h head) (more bool, err error) {
	rows, err := tx.Query(ctx, historySQL, r.uid, r.cursor.Before, h.floor, r.query.PageSize+1)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	bytes := 0
	for rows.Next() {
		var change inventory.PastChange
		var was, became []byte
		if err := rows.Scan(&change.Revision, &change.CommitTime, &change.Type, &change.ObserveTime, &was, &became); err != nil {
			return false, err
		}
		bytes += len(was) + len(became)
		if n := len(r.page.Changes); n == r.query.PageSize || n > 0 && bytes > maxPageBytes {
			return true, nil
		}
		if change.Fields, err = fieldChanges(was, became); err != nil {
			return false, err
		}
		r.page.Changes = append(r.page.Changes, change)
	}
	return false, rows.Err()
}

// The scopes that an instance was ever in are those that its changes took it out
// of, and the present one.
const gapsSQL = `
	SELECT g.scope, g.start_time, g.end_time, g.reason, g.error, s.account, s.kind, s.location
	FROM observation_gaps g LEFT JOIN scopes s ON s.uid = g.scope
	WHERE g.scope IN (SELECT $2::uuid UNION SELECT (was ->> 'scope')::uuid FROM changes WHERE uid = $1 AND was ? 'scope')
		AND (g.end_time, g.scope) < ($3, $4) AND g.end_time > $5
		AND (g.scope, g.start_time, g.reason) IS DISTINCT FROM ($2, $6::timestamptz, '` + inventory.ReasonRemoved + `')
	ORDER BY g.end_time DESC, g.scope DESC LIMIT $7`

// readGaps reads the gaps that ended after low, and tells whether there are more
// than a page holds. That of a removal which goes on is not among them.
func (r *historyReader) readGaps(ctx context.Context, tx pgx.Tx, low time.Time, open *inventory.Gap) (more bool, err error) {
	var openStart *time.Time
	if open != nil && !open.Start.IsZero() {
		openStart = &open.Start
	}
	rows, err := tx.Query(ctx, gapsSQL, r.uid, r.of.scope, r.cursor.GapEnd, r.cursor.GapScope, low, openStart, maxGaps+1)
	if err != nil {
		return false, err
	}
	var (
		gap                     inventory.Gap
		scope, last             uuid.UUID
		account, kind, location *string
	)
	_, err = pgx.ForEachRow(rows, []any{&scope, &gap.Start, &gap.End, &gap.Reason, &gap.Error, &account, &kind, &location}, func() error {
		if len(r.page.Gaps) == maxGaps {
			more = true
			r.cursor.GapEnd, r.cursor.GapScope = r.page.Gaps[maxGaps-1].End, last
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

// guess is the key of a scope that is no longer on the roll: its location is one
// of the places of the instance.
func (of historyOf) guess(scope uuid.UUID) inventory.ScopeKey {
	key := inventory.ScopeKey{Account: of.account, Kind: of.kind}
	for _, key.Location = range of.places {
		if key.UID() == scope {
			return key
		}
	}
	key.Location = of.places[0]
	return key
}

// A scope that has no complete observation since its account was removed is out of
// sight since before that.
const openGapSQL = `
	SELECT s.account, s.kind, s.location, COALESCE(s.last_complete_time, removed.start_time),
		COALESCE(removed.reason, ` + goesOnReasonSQL + `), COALESCE(removed.error, ` + goesOnErrorSQL + `, '')
	FROM (VALUES (1)) one
	LEFT JOIN scopes s ON s.uid = $1
	LEFT JOIN (` + lastGapSQL + `) removed ON removed.reason = '` + inventory.ReasonRemoved + `' AND s.last_complete_time IS NULL
	WHERE removed.scope IS NOT NULL OR s.uid IS NOT NULL AND (s.last_complete_time IS NULL OR ` + goesOnSQL + `)`

// readOpenGap reads the gap that goes on now; nil: there is none.
func (r *historyReader) readOpenGap(ctx context.Context, tx pgx.Tx) (*inventory.Gap, error) {
	gap := inventory.Gap{Scope: r.of.guess(r.of.scope)}
	var account, kind, location *string
	var start *time.Time
	err := tx.QueryRow(ctx, openGapSQL, r.of.scope).Scan(&account, &kind, &location, &start, &gap.Reason, &gap.Error)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil //nolint:nilnil // None is an answer.
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

// end leaves the token of the next page, when there is one. Where the gaps of a
// page were too many it ends with the last of them.
func (r *historyReader) end(more, moreGaps bool) {
	if moreGaps {
		kept := slices.IndexFunc(r.page.Changes, func(c inventory.PastChange) bool { return c.CommitTime.Before(r.cursor.GapEnd) })
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
	r.page.NextPageToken = query.EncodeToken(r.fingerprint, r.cursor)
}
