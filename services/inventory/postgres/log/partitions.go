package log

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// day is how much of the log one partition has, from midnight UTC.
const day = 24 * time.Hour

// partitionOf returns the name of the partition of the day of t, and where that day begins.
func partitionOf(t time.Time) (name string, begin time.Time) {
	begin = t.UTC().Truncate(day)
	return "changes_" + begin.Format("20060102"), begin
}

const (
	// One replica maintains the log at a time. It waits for locks on tables only briefly, because others
	// would wait behind it.
	maintenanceLockSQL  = `SELECT pg_try_advisory_xact_lock(hashtextextended('rollcall inventory retention', 0))`
	maintenanceLimitSQL = `SET LOCAL lock_timeout = '1s'`
)

// errElsewhere means that another replica maintains the log at the moment.
var errElsewhere = errors.New("another replica maintains the log")

// maintain runs fn in a transaction. Errors: errElsewhere.
func (s *Store) maintain(ctx context.Context, fn func(pgx.Tx) error) error {
	return s.db.Write(ctx, func(tx pgx.Tx) error {
		var locked bool
		if err := tx.QueryRow(ctx, maintenanceLockSQL).Scan(&locked); err != nil {
			return err
		}
		if !locked {
			return errElsewhere
		}
		if _, err := tx.Exec(ctx, maintenanceLimitSQL); err != nil {
			return err
		}
		return fn(tx)
	})
}

// Maintain creates the partitions of the log for the day of now and as many days ahead, deletes counts
// that fell to 0, and deletes what is older than keep before now, unless keep is 0: changes by whole
// days, gaps, and instances that are gone for as long and of which no change is left. It does nothing if
// another replica does it.
func (s *Store) Maintain(ctx context.Context, now time.Time, ahead int, keep time.Duration) error {
	err := s.maintainAll(ctx, now, ahead, keep)
	if errors.Is(err, errElsewhere) {
		return nil
	}
	return err
}

func (s *Store) maintainAll(ctx context.Context, now time.Time, ahead int, keep time.Duration) error {
	for n := range ahead + 1 {
		if err := s.createPartition(ctx, now.Add(time.Duration(n)*day)); err != nil {
			return err
		}
	}
	if err := s.deleteBatches(ctx, deleteCountsSQL); err != nil {
		return err
	}
	if keep <= 0 {
		return nil
	}
	horizon := now.Add(-keep)
	if err := s.deleteChanges(ctx, horizon); err != nil {
		return err
	}
	// Gaps go with the changes of their time, and not before.
	_, begin := partitionOf(horizon)
	if _, err := s.db.Pool.Exec(ctx, deleteGapsSQL, begin); err != nil {
		return kit.Fault(err)
	}
	return s.deleteBatches(ctx, deleteGoneSQL, horizon)
}

const (
	partitionExistsSQL = `SELECT to_regclass($1) IS NOT NULL`

	// The lock waits for all transactions that write to the default partition.
	lockDefaultSQL = `LOCK TABLE changes_default IN ACCESS EXCLUSIVE MODE`

	inDefaultSQL = `SELECT EXISTS (SELECT FROM changes_default WHERE time >= $1 AND time < $2)`
)

// createPartition creates the partition of a day. Changes of that day that are in the default partition,
// because there was no other, move to it.
func (s *Store) createPartition(ctx context.Context, of time.Time) error {
	name, begin := partitionOf(of)
	var exists bool
	if err := s.db.Pool.QueryRow(ctx, partitionExistsSQL, name).Scan(&exists); err != nil || exists {
		return kit.Fault(err)
	}
	table := pgx.Identifier{name}.Sanitize()
	bounds := ` FOR VALUES FROM ('` + begin.Format(time.RFC3339) + `') TO ('` + begin.Add(day).Format(time.RFC3339) + `')`
	return s.maintain(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, partitionExistsSQL, name).Scan(&exists); err != nil || exists {
			return err
		}
		if _, err := tx.Exec(ctx, lockDefaultSQL); err != nil {
			return err
		}
		var inDefault bool
		if err := tx.QueryRow(ctx, inDefaultSQL, begin, begin.Add(day)).Scan(&inDefault); err != nil {
			return err
		}
		if !inDefault {
			_, err := tx.Exec(ctx, `CREATE TABLE `+table+` PARTITION OF changes`+bounds)
			return err
		}
		if _, err := tx.Exec(ctx, `CREATE TABLE `+table+` (LIKE changes INCLUDING ALL)`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, postgres.LargeStatementSQL); err != nil {
			return err
		}
		moveSQL := `
			WITH moved AS (DELETE FROM changes_default WHERE time >= $1 AND time < $2 RETURNING *)
			INSERT INTO ` + table + ` SELECT * FROM moved`
		if _, err := tx.Exec(ctx, moveSQL, begin, begin.Add(day)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `ALTER TABLE changes ATTACH PARTITION `+table+bounds)
		return err
	})
}
