package write

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// Write writes what the reconciliation decided, and marks instances as gone. The changes are recorded in
// the journal.
func (t *transaction) Write(ctx context.Context, gone []uuid.UUID) (changes inventory.Changes, added int64, err error) {
	if t.stage.rows > 0 {
		if _, err := t.tx.Exec(ctx, postgres.LargeStatementSQL); err != nil {
			return changes, 0, err
		}
	}
	if err := t.resolve(ctx); err != nil {
		return changes, 0, err
	}
	changes = t.reconciliation.Changes()
	changes.Gone = int64(len(gone))
	if changes.Created > 0 {
		if err := t.insert(ctx); err != nil {
			return changes, 0, err
		}
	}
	if changes.Changed+changes.Reappeared+changes.Gone > 0 {
		if _, err := t.tx.Exec(ctx, stageSQL); err != nil {
			return changes, 0, err
		}
	}
	if updated := changes.Changed + changes.Reappeared; updated > 0 {
		if err := t.update(ctx, updated); err != nil {
			return changes, 0, err
		}
	}
	return changes, changes.Created + changes.Reappeared + t.moved - changes.Gone, t.markGone(ctx, gone)
}

var insertSQL = `COPY instances (` + copyColumns + `) FROM STDIN WITH (FORMAT binary)`

// insert copies the rows of new instances straight into the table, which takes half as long as by way of
// another table.
func (t *transaction) insert(ctx context.Context) error {
	t.journal.created = t.reconciliation.Fresh()
	t.journal.counts = newTally(t.obs)
	return t.copy(ctx, insertSQL, t.journal.counts.add, inventory.Create)
}

var copyStagedSQL = `COPY staged_instances (` + copyColumns + `) FROM STDIN WITH (FORMAT binary)`

// updateSQL updates instances from their staged rows, and stages what that changes. old is each row as it
// was.
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

// setContent returns the assignments of the columns of content fields, from the row with this name.
func setContent(row string) string {
	var assignments []string
	for _, f := range postgres.ObservedColumns() {
		if f.Role == inventory.Content {
			assignments = append(assignments, f.Name+" = "+row+"."+f.Name)
		}
	}
	return strings.Join(assignments, ", ")
}

// update writes the rows of changed and reappeared instances.
func (t *transaction) update(ctx context.Context, count int64) error {
	ignore := func([]byte) {}
	if err := t.copy(ctx, copyStagedSQL, ignore, inventory.Change, inventory.Reappear); err != nil {
		return err
	}
	tag, err := t.tx.Exec(ctx, updateSQL)
	if err == nil && tag.RowsAffected() != count {
		return &repeatError{} // an instance that was stored is not any more
	}
	t.journal.staged += count
	return err
}

// copy sends the staged rows of these decisions, and calls each for every one of them.
func (t *transaction) copy(ctx context.Context, sql string, each func(row []byte), decisions ...inventory.Decision) error {
	data, err := t.stage.copyData(func(uid uuid.UUID) bool {
		return slices.Contains(decisions, t.reconciliation.Decision(uid))
	}, each)
	if err != nil {
		return err
	}
	_, err = t.tx.Conn().PgConn().CopyFrom(ctx, data, sql)
	return err
}

const (
	// goneSQL marks instances as gone, and returns what they were.
	goneSQL = `
		UPDATE instances i SET state = 'GONE', gone_time = $3, change_time = $3, fence = $4
		FROM (
			SELECT uid, state, change_time FROM instances
			WHERE uid = ANY ($1) AND scope = $2 AND gone_time IS NULL
		) old
		WHERE i.uid = old.uid
		RETURNING i.uid, old.state, old.change_time, i.gone_time`

	// stageGone stages the changes of rows that a statement such as goneSQL returns.
	stageGone = `
		INSERT INTO staged_changes (uid, type, was, became)
		SELECT uid, 'GONE',
			jsonb_build_object('state', state, 'gone_time', NULL, 'change_time', change_time) - same,
			jsonb_build_object('state', 'GONE', 'gone_time', gone_time, 'change_time', gone_time) - same
		FROM gone, LATERAL (SELECT CASE WHEN change_time = gone_time THEN 'change_time' ELSE '' END AS same) same`

	markGoneSQL = `WITH gone AS (` + goneSQL + `)` + stageGone
)

// markGone marks instances as gone.
func (t *transaction) markGone(ctx context.Context, gone []uuid.UUID) error {
	if len(gone) == 0 {
		return nil
	}
	tag, err := t.tx.Exec(ctx, markGoneSQL, postgres.UIDs(gone), t.obs.Scope.UID(), t.obs.Time, t.obs.Until())
	t.journal.staged += tag.RowsAffected()
	return requireCount(tag.RowsAffected(), int64(len(gone)), err)
}
