package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// writer applies decisions to the table of instances, within a transaction that
// holds the lock of their scope.
type writer struct {
	tx             pgx.Tx
	obs            inventory.Observation
	reconciliation *inventory.Reconciliation
	spool          *spool
	// others are the scopes that instances come from: locked with its own.
	others []uuid.UUID
	// fresh are the instances that were not known in the scope, and known those of
	// them of which the roll holds something all the same. Nil: not asked yet.
	fresh, known []uuid.UUID
	// moved counts the instances that came from other scopes.
	moved   int64
	journal journal
}

// again says that a transaction must begin anew, with the locks of these scopes
// too: all are taken in one order.
type again struct{ scopes []uuid.UUID }

func (*again) Error() string { return "what was to be written is held by others" }

// attempts is how often a transaction begins anew before its caller has to.
const attempts = 10

// writeScope runs fn in a transaction of w, anew when others came in between.
func (s *Store) writeScope(ctx context.Context, w *writer, fn func() error) error {
	for range attempts {
		err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			w.tx, w.moved, w.journal = tx, 0, journal{}
			return fn()
		})
		anew, ok := errors.AsType[*again](err)
		switch {
		case ok:
			w.others = append(w.others, anew.scopes...)
		case kit.Constraint(err) == "instances_pkey": // created elsewhere just now
		default:
			return kit.Fault(err)
		}
	}
	return fault.New(fault.KindAborted, "CONFLICT", "instances move between scopes; try again")
}

// lock locks the scope, and with it those that instances come from.
func (w *writer) lock(ctx context.Context) (lockedScope, error) {
	if len(w.others) > 0 {
		all := append(slices.Clone(w.others), w.obs.Scope.UID())
		if _, err := w.tx.Exec(ctx, lockAllSQL, plain(all)); err != nil {
			return lockedScope{}, err
		}
	}
	return lockScope(ctx, w.tx, w.obs.Scope)
}

// write brings the table to what the reconciliation decided, and marks absent
// ones as gone. What it did is in the journal.
func (w *writer) write(ctx context.Context, absent []uuid.UUID) (inventory.Changes, error) {
	if w.spool.rows > 0 {
		if _, err := w.tx.Exec(ctx, applyLimitSQL); err != nil {
			return inventory.Changes{}, err
		}
	}
	if err := w.resolve(ctx); err != nil {
		return inventory.Changes{}, err
	}
	changes := w.reconciliation.Changes()
	changes.Gone = int64(len(absent))
	if changes.Created > 0 {
		if err := w.insert(ctx); err != nil {
			return inventory.Changes{}, err
		}
	}
	if changes.Changed+changes.Reappeared+changes.Gone > 0 {
		if _, err := w.tx.Exec(ctx, stageSQL); err != nil {
			return inventory.Changes{}, err
		}
	}
	if updated := changes.Changed + changes.Reappeared; updated > 0 {
		if err := w.update(ctx, updated); err != nil {
			return inventory.Changes{}, err
		}
	}
	return changes, w.markGone(ctx, absent)
}

var insertSQL = `COPY instances (` + copyColumns + `) FROM STDIN WITH (FORMAT binary)`

// insert copies the rows of new instances straight into the table: half as dear
// as by way of another.
func (w *writer) insert(ctx context.Context) error {
	w.journal.created = w.reconciliation.Fresh()
	w.journal.counts = newTally(w.obs)
	return w.copy(ctx, insertSQL, w.journal.counts.add, inventory.Create)
}

var copyStagedSQL = `COPY staged_instances (` + copyColumns + `) FROM STDIN WITH (FORMAT binary)`

// updateSQL updates instances from their staged rows, and stages what that
// changes: old is each row as it was.
var updateSQL = `
	WITH updated AS (
		UPDATE instances i SET
			scope = n.scope, fence = n.fence, change_time = n.change_time, content_hash = n.content_hash,
			` + setContent("n") + `, details = n.details,
			observe_time = GREATEST(n.observe_time, i.observe_time), gone_time = NULL
		FROM staged_instances n JOIN instances old ON old.uid = n.uid
		WHERE i.uid = n.uid
		RETURNING i.uid, old.gone_time IS NOT NULL AS reappeared,
			to_jsonb(old) AS was, to_jsonb(n) AS became, ` + sameColumns("old", "n") + ` AS same
	)
	INSERT INTO staged_changes (uid, type, was, became)
	SELECT uid, CASE WHEN reappeared THEN 'REAPPEARED' ELSE 'CHANGED' END, was - same, became - same FROM updated`

// setContent returns the assignments of the columns that hold content, from the row with this name.
func setContent(row string) string {
	var assignments []string
	for _, f := range contentColumns() {
		if f.Role == inventory.Content {
			assignments = append(assignments, f.Name+" = "+row+"."+f.Name)
		}
	}
	return strings.Join(assignments, ", ")
}

// update writes the rows of changed and reappeared instances.
func (w *writer) update(ctx context.Context, count int64) error {
	if err := w.copy(ctx, copyStagedSQL, nil, inventory.Change, inventory.Reappear); err != nil {
		return err
	}
	tag, err := w.tx.Exec(ctx, updateSQL)
	if err == nil && tag.RowsAffected() != count {
		return &again{} // what was held is not
	}
	w.journal.staged += count
	return err
}

// copy sends the spooled rows of these decisions, and shows each to taken.
func (w *writer) copy(ctx context.Context, sql string, taken func(row []byte), decisions ...inventory.Decision) error {
	data, err := w.spool.copyData(func(uid uuid.UUID) bool {
		return slices.Contains(decisions, w.reconciliation.Decision(uid))
	}, taken)
	if err != nil {
		return err
	}
	_, err = w.tx.Conn().PgConn().CopyFrom(ctx, data, sql)
	return err
}

// goneSQL marks instances that a complete observation lacked, and returns what
// they were.
const (
	goneSQL = `
		UPDATE instances i SET state = 'GONE', gone_time = $3, change_time = $3, fence = $4
		FROM (
			SELECT uid, state, change_time FROM instances
			WHERE uid = ANY ($1) AND scope = $2 AND gone_time IS NULL
		) old
		WHERE i.uid = old.uid
		RETURNING i.uid, old.state, old.change_time, i.gone_time`

	// stageGone is a change to be written in staged_changes, of rows that a
	// statement such as goneSQL returns.
	stageGone = `
		INSERT INTO staged_changes (uid, type, was, became)
		SELECT uid, 'GONE',
			jsonb_build_object('state', state, 'gone_time', NULL, 'change_time', change_time) - same,
			jsonb_build_object('state', 'GONE', 'gone_time', gone_time, 'change_time', gone_time) - same
		FROM gone, LATERAL (SELECT CASE WHEN change_time = gone_time THEN 'change_time' ELSE '' END AS same) same`

	markGoneSQL = `WITH gone AS (` + goneSQL + `)` + stageGone
)

// markGone marks the instances that a complete observation lacked.
func (w *writer) markGone(ctx context.Context, absent []uuid.UUID) error {
	if len(absent) == 0 {
		return nil
	}
	tag, err := w.tx.Exec(ctx, markGoneSQL, plain(absent), w.obs.Scope.UID(), w.obs.Time, w.obs.Until())
	w.journal.staged += tag.RowsAffected()
	return counted(tag.RowsAffected(), int64(len(absent)), err)
}
