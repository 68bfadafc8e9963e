package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// day is how much of the log one partition holds, from midnight UTC.
const day = 24 * time.Hour

// partitionOf is the partition of the day that t is in, and where that begins.
func partitionOf(t time.Time) (name string, begin time.Time) {
	begin = t.UTC().Truncate(day)
	return "changes_" + begin.Format("20060102"), begin
}

const (
	// Of all replicas one works at a time; the others have nothing to do. Locks of
	// tables are waited for a moment only: whoever comes next waits behind.
	upkeepLockSQL  = `SELECT pg_try_advisory_xact_lock(hashtextextended('rollcall inventory upkeep', 0))`
	upkeepLimitSQL = `SET LOCAL lock_timeout = '1s'`
)

// errElsewhere says that another replica is at it.
var errElsewhere = errors.New("another replica keeps the log")

// upkeep runs fn in a transaction, unless another replica is at it.
func (s *Store) upkeep(ctx context.Context, fn func(pgx.Tx) error) error {
	return s.write(ctx, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, upkeepLockSQL).Scan(&mine); err != nil {
			return err
		}
		if !mine {
			return errElsewhere
		}
		if _, err := tx.Exec(ctx, upkeepLimitSQL); err != nil {
			return err
		}
		return fn(tx)
	})
}

// KeepLog makes the partitions of the log for the day of now and as many after
// it, deletes counts of nothing, and forgets what is older than keep before now,
// unless that is 0: changes by whole days, gaps, and instances that are gone for as
// long, of which no change is left. When another replica is at it, nothing is done.
func (s *Store) KeepLog(ctx context.Context, now time.Time, ahead int, keep time.Duration) error {
	err := s.keepLog(ctx, now, ahead, keep)
	if errors.Is(err, errElsewhere) {
		return nil
	}
	return err
}

func (s *Store) keepLog(ctx context.Context, now time.Time, ahead int, keep time.Duration) error {
	for n := range ahead + 1 {
		if err := s.makePartition(ctx, now.Add(time.Duration(n)*day)); err != nil {
			return err
		}
	}
	if err := s.deleteBatches(ctx, purgeCountsSQL); err != nil {
		return err
	}
	if keep <= 0 {
		return nil
	}
	horizon := now.Add(-keep)
	if err := s.forgetChanges(ctx, horizon); err != nil {
		return err
	}
	// With the changes of their time, not before.
	_, begin := partitionOf(horizon)
	if _, err := s.pool.Exec(ctx, forgetGapsSQL, begin); err != nil {
		return kit.Fault(err)
	}
	return s.deleteBatches(ctx, forgetGoneSQL, horizon)
}

const (
	partitionThereSQL = `SELECT to_regclass($1) IS NOT NULL`

	// So that whoever writes there has ended.
	lockDefaultSQL = `LOCK TABLE changes_default IN ACCESS EXCLUSIVE MODE`

	strayedSQL = `SELECT EXISTS (SELECT FROM changes_default WHERE time >= $1 AND time < $2)`
)

// makePartition makes the partition of a day. Changes of that day that went into
// the default partition, for want of it, move.
func (s *Store) makePartition(ctx context.Context, of time.Time) error {
	name, begin := partitionOf(of)
	var there bool
	if err := s.pool.QueryRow(ctx, partitionThereSQL, name).Scan(&there); err != nil || there {
		return kit.Fault(err)
	}
	table := pgx.Identifier{name}.Sanitize()
	bounds := ` FOR VALUES FROM ('` + begin.Format(time.RFC3339) + `') TO ('` + begin.Add(day).Format(time.RFC3339) + `')`
	return s.upkeep(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, partitionThereSQL, name).Scan(&there); err != nil || there {
			return err
		}
		if _, err := tx.Exec(ctx, lockDefaultSQL); err != nil {
			return err
		}
		var strayed bool
		if err := tx.QueryRow(ctx, strayedSQL, begin, begin.Add(day)).Scan(&strayed); err != nil {
			return err
		}
		if !strayed {
			_, err := tx.Exec(ctx, `CREATE TABLE `+table+` PARTITION OF changes`+bounds)
			return err
		}
		if _, err := tx.Exec(ctx, `CREATE TABLE `+table+` (LIKE changes INCLUDING ALL)`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, applyLimitSQL); err != nil {
			return err
		}
		moveSQL := `
			WITH strayed AS (DELETE FROM changes_default WHERE time >= $1 AND time < $2 RETURNING *)
			INSERT INTO ` + table + ` SELECT * FROM strayed`
		if _, err := tx.Exec(ctx, moveSQL, begin, begin.Add(day)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `ALTER TABLE changes ATTACH PARTITION `+table+bounds)
		return err
	})
}

const (
	partitionsSQL = `
		SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'changes'::regclass AND c.relname ~ '^changes_\d{8}$' ORDER BY c.relname`

	// The head first: who writes the log has the head before the table.
	lockHeadSQL = `SELECT FROM change_head FOR UPDATE`

	// Only what goes away moves the beginning on.
	raiseFloorSQL = `
		UPDATE change_head SET
			floor_revision = GREATEST(floor_revision, (SELECT max(revision) FROM changes c WHERE c.time < $1)),
			floor_time = GREATEST(floor_time, LEAST($1, time))
		WHERE floor_time < $1`

	forgetStrayedSQL = `DELETE FROM changes_default WHERE time < $1`
)

// forgetChanges drops the days of the log that ended before the horizon, and says
// in the head from where on it is whole.
func (s *Store) forgetChanges(ctx context.Context, horizon time.Time) error {
	_, begin := partitionOf(horizon)
	var strayed bool
	if err := s.pool.QueryRow(ctx, strayedSQL, time.Time{}, begin).Scan(&strayed); err != nil {
		return kit.Fault(err)
	}
	old, err := s.partitionsBefore(ctx, begin)
	if err != nil || len(old) == 0 && !strayed {
		return err
	}
	return s.upkeep(ctx, func(tx pgx.Tx) error {
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
		_, err := tx.Exec(ctx, forgetStrayedSQL, begin)
		return err
	})
}

// partitionsBefore are the partitions of the days before one.
func (s *Store) partitionsBefore(ctx context.Context, begin time.Time) ([]string, error) {
	rows, err := s.pool.Query(ctx, partitionsSQL)
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
	forgetGapsSQL = `DELETE FROM observation_gaps WHERE end_time < $1`

	// Those that are gone since before the horizon and of which the log tells nothing
	// any more: one that comes back is new. One that comes back at this very moment
	// is locked, and stays.
	forgetGoneSQL = `
		DELETE FROM instances WHERE uid IN (
			SELECT uid FROM instances i
			WHERE gone_time < $2 AND NOT EXISTS (SELECT FROM changes c WHERE c.uid = i.uid)
			LIMIT $1 FOR UPDATE SKIP LOCKED
		)`

	// Counts that fell to nothing. Whoever counts has its rows locked until it
	// commits: those are passed over, so that nobody waits here while others wait for
	// what is deleted. Who waits for that finds no row, and writes a new one.
	purgeCountsSQL = `
		DELETE FROM instance_counts WHERE (scope, facet, value, region) IN (
			SELECT scope, facet, value, region FROM instance_counts WHERE count = 0
			LIMIT $1 FOR UPDATE SKIP LOCKED
		)`

	// deleteBatch is how many rows one transaction deletes.
	deleteBatch = 5000
)

// deleteBatches deletes rows, batch by batch, until there are no more of them. $1
// of the statement is how many at most; the rest are args.
func (s *Store) deleteBatches(ctx context.Context, sql string, args ...any) error {
	args = append([]any{deleteBatch}, args...)
	for {
		var deleted int64
		err := s.upkeep(ctx, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, sql, args...)
			deleted = tag.RowsAffected()
			return err
		})
		if err != nil || deleted < deleteBatch {
			return err
		}
	}
}
