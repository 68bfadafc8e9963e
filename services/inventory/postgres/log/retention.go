package log

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
)

const (
	partitionsSQL = `
		SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'changes'::regclass AND c.relname ~ '^changes_\d{8}$' ORDER BY c.relname`

	// The head is locked before the table, as all writers of the log do.
	lockHeadSQL = `SELECT FROM change_head FOR UPDATE`

	// The beginning of the log moves only as far as changes are deleted.
	raiseFloorSQL = `
		UPDATE change_head SET
			floor_revision = GREATEST(floor_revision, (SELECT max(revision) FROM changes c WHERE c.time < $1)),
			floor_time = GREATEST(floor_time, LEAST($1, time))
		WHERE floor_time < $1`

	deleteDefaultSQL = `DELETE FROM changes_default WHERE time < $1`
)

// deleteChanges deletes the days of the log that ended before the horizon, and records in the head where
// the log begins now.
func (s *Store) deleteChanges(ctx context.Context, horizon time.Time) error {
	_, begin := partitionOf(horizon)
	var inDefault bool
	if err := s.db.Pool.QueryRow(ctx, inDefaultSQL, time.Time{}, begin).Scan(&inDefault); err != nil {
		return kit.Fault(err)
	}
	old, err := s.partitionsBefore(ctx, begin)
	if err != nil || len(old) == 0 && !inDefault {
		return err
	}
	return s.maintain(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockHeadSQL); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, raiseFloorSQL, begin); err != nil {
			return err
		}
		for _, name := range old {
			if _, err := tx.Exec(ctx, `DROP TABLE IF EXISTS `+pgx.Identifier{name}.Sanitize()); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, deleteDefaultSQL, begin)
		return err
	})
}

// partitionsBefore returns the names of the partitions of the days before one.
func (s *Store) partitionsBefore(ctx context.Context, begin time.Time) ([]string, error) {
	rows, err := s.db.Pool.Query(ctx, partitionsSQL)
	if err != nil {
		return nil, kit.Fault(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, kit.Fault(err)
	}
	first, _ := partitionOf(begin)
	for n, name := range names {
		if name >= first {
			return names[:n], nil
		}
	}
	return names, nil
}

const (
	deleteGapsSQL = `DELETE FROM observation_gaps WHERE end_time < $1`

	// Instances that are gone since before the horizon and of which no change is left in the log. One
	// that is observed again later is new. One that is observed again at this moment is locked, and is
	// not deleted.
	deleteGoneSQL = `
		DELETE FROM instances WHERE uid IN (
			SELECT uid FROM instances i
			WHERE gone_time < $2 AND NOT EXISTS (SELECT FROM changes c WHERE c.uid = i.uid)
			LIMIT $1 FOR UPDATE SKIP LOCKED
		)`

	// Counts that fell to 0. Rows that a transaction counts in are locked until it commits, and are
	// skipped. A transaction that waits for a row that is deleted here finds none, and inserts a new one.
	deleteCountsSQL = `
		DELETE FROM instance_counts WHERE (scope, facet, value, region) IN (
			SELECT scope, facet, value, region FROM instance_counts WHERE count = 0
			LIMIT $1 FOR UPDATE SKIP LOCKED
		)`

	// deleteBatch is the number of rows that one transaction deletes.
	deleteBatch = 5000
)

// deleteBatches deletes rows, batch by batch, until there are no more. $1 of the statement is the size of
// a batch; the other parameters are args.
func (s *Store) deleteBatches(ctx context.Context, sql string, args ...any) error {
	args = append([]any{deleteBatch}, args...)
	for {
		var deleted int64
		err := s.maintain(ctx, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, sql, args...)
			deleted = tag.RowsAffected()
			return err
		})
		if err != nil || deleted < deleteBatch {
			return err
		}
	}
}
