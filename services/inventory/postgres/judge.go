package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	absencesSQL = `SELECT uid FROM absences WHERE scope = $1`

	dropAbsencesSQL = `DELETE FROM absences WHERE scope = $1 AND uid <> ALL ($2)`

	addAbsencesSQL = `
		INSERT INTO absences (scope, uid) SELECT $1, uid FROM unnest($2::uuid[]) uid
		ON CONFLICT (scope, uid) DO NOTHING`
)

// judge says what becomes of what the snapshot lacks.
func (s *Snapshot) judge(ctx context.Context, tx pgx.Tx, scope *lockedScope) (inventory.Judgement, error) {
	// The same observation, sent twice, does not agree with itself.
	before := map[uuid.UUID]bool{}
	if scope.hold != nil && scope.hold.fence < s.obs.Fence {
		rows, err := tx.Query(ctx, absencesSQL, s.scope)
		if err != nil {
			return inventory.Judgement{}, err
		}
		var uid uuid.UUID
		if _, err := pgx.ForEachRow(rows, []any{&uid}, func() error { before[uid] = true; return nil }); err != nil {
			return inventory.Judgement{}, err
		}
	}
	var absent []inventory.Absence
	for uid := range s.reconciliation.Absent() {
		absent = append(absent, inventory.Absence{UID: uid, Evidence: s.reconciliation.Evidence(uid), Before: before[uid]})
	}
	if len(absent) == 0 {
		return inventory.Judgement{}, nil
	}
	return inventory.Judge(s.reconciliation.Alive(), absent), nil
}

// hold is that a scope is held: the columns hold_….
type hold struct {
	fence int64
	inventory.Hold
}

// next is the hold that a judgement leaves; nil: none.
func (h *hold) next(obs *inventory.Observation, j *inventory.Judgement) *hold {
	missing := int64(len(j.Held))
	switch {
	case missing == 0:
		return nil
	case h == nil || j.New > 0:
		return &hold{fence: obs.Fence, Hold: inventory.Hold{Time: obs.Time, Missing: missing, Of: j.Of}}
	default: // what is left of it
		return &hold{fence: h.fence, Hold: inventory.Hold{Time: h.Time, Missing: missing, Of: h.Of}}
	}
}

// columns are the hold as the values of the columns hold_….
func (h *hold) columns() (fence *int64, at *time.Time, missing, of *int64) {
	if h == nil {
		return nil, nil, nil, nil
	}
	return &h.fence, &h.Time, &h.Missing, &h.Of
}

// keepAbsences writes down which instances the scope is held for.
func (s *Snapshot) keepAbsences(ctx context.Context, tx pgx.Tx, was *hold, held []uuid.UUID) error {
	if was != nil {
		if _, err := tx.Exec(ctx, dropAbsencesSQL, s.scope, plain(held)); err != nil {
			return err
		}
	}
	if len(held) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, addAbsencesSQL, s.scope, plain(held))
	return err
}

// Instances that were seen after all do not hold their scope any more.
const forgetAbsencesSQL = `
	WITH seen AS (
		DELETE FROM absences WHERE scope = ANY ($1) AND uid = ANY ($2) RETURNING scope
	), counted AS (
		SELECT scope, count(*) AS seen FROM seen GROUP BY scope
	)
	UPDATE scopes SET
		hold_fence = CASE WHEN hold_missing > seen THEN hold_fence END,
		hold_time = CASE WHEN hold_missing > seen THEN hold_time END,
		hold_of = CASE WHEN hold_missing > seen THEN hold_of END,
		hold_missing = CASE WHEN hold_missing > seen THEN hold_missing - seen END
	FROM counted WHERE uid = counted.scope`

func forgetAbsences(ctx context.Context, tx pgx.Tx, scopes, uids []uuid.UUID) error {
	_, err := tx.Exec(ctx, forgetAbsencesSQL, plain(scopes), plain(uids))
	return err
}
