package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// rotationLock is the advisory lock that a rotation of keys holds.
const rotationLock = 0x726f7461746531 // "rotate1"

// Rotate calls do with the time of its begin while no other rotation runs in any process. If another
// one runs, it fails with an ABORTED fault.
func (s *Store) Rotate(ctx context.Context, do func(ctx context.Context, begin time.Time) error) error {
	const (
		lock   = `SELECT pg_try_advisory_lock($1), clock_timestamp()`
		unlock = `SELECT pg_advisory_unlock($1)`
	)
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return postgres.Fault(err)
	}
	defer conn.Release()
	var (
		locked bool
		begin  time.Time
	)
	if err := conn.QueryRow(ctx, lock, int64(rotationLock)).Scan(&locked, &begin); err != nil {
		return postgres.Fault(err)
	}
	if !locked {
		return fault.New(fault.KindAborted, fault.ReasonRotationRunning, "the keys are being rotated already; try again when that rotation has ended")
	}
	defer func() {
		// A connection that can't release the lock is closed, which releases it.
		if _, err := conn.Exec(context.WithoutCancel(ctx), unlock, int64(rotationLock)); err != nil {
			_ = conn.Conn().Close(context.WithoutCancel(ctx))
		}
	}()
	return do(ctx, begin)
}

// Stale returns at most limit secrets, of accounts after the id, that are encrypted with another key
// or were encrypted before a time.
func (s *Store) Stale(ctx context.Context, keyID string, before time.Time, after string, limit int) ([]accounts.Stored, error) {
	const stale = `
		SELECT a.id, a.provider, a.cloud_id, s.key_id, s.ciphertext, s.create_time
		FROM secrets s JOIN accounts a ON a.id = s.account_id
		WHERE (s.key_id <> $1 OR s.create_time < $2) AND s.account_id > $3
		ORDER BY s.account_id
		LIMIT $4`
	rows, err := s.pool.Query(ctx, stale, keyID, before, after, limit)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	secrets, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k accounts.Stored, err error) {
		err = row.Scan(&k.Account, &k.Provider, &k.CloudID, &k.KeyID, &k.Ciphertext, &k.CreateTime)
		return k, err
	})
	return secrets, postgres.Fault(err)
}

// Exchange replaces a stored secret by one that is encrypted with another key, and reports whether
// it was still stored.
func (s *Store) Exchange(ctx context.Context, stored accounts.Stored, next accounts.Sealed) (bool, error) {
	const exchange = `
		UPDATE secrets
		SET key_id = $3, ciphertext = $4, create_time = clock_timestamp()
		WHERE account_id = $1 AND ciphertext = $2`
	tag, err := s.pool.Exec(ctx, exchange, stored.Account, stored.Ciphertext, next.KeyID, next.Ciphertext)
	return tag.RowsAffected() == 1, postgres.Fault(err)
}

// KeyIDs returns the ids of the keys that secrets are encrypted with.
func (s *Store) KeyIDs(ctx context.Context) ([]string, error) {
	ids, err := keyIDs(ctx, s.pool)
	return ids, postgres.Fault(err)
}

// Retire calls drop with the ids of the keys in use, while no secret can be stored.
func (s *Store) Retire(ctx context.Context, drop func(used []string) error) error {
	const (
		// All later writers wait for this lock.
		limit = `SET LOCAL lock_timeout = '5s'`
		lock  = `LOCK TABLE secrets IN SHARE MODE`
	)
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, statement := range []string{limit, lock} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		used, err := keyIDs(ctx, tx)
		if err != nil {
			return err
		}
		return drop(used)
	})
	return postgres.Fault(err)
}

func keyIDs(ctx context.Context, from interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
},
) ([]string, error) {
	const distinct = `SELECT DISTINCT key_id FROM secrets`
	rows, err := from.Query(ctx, distinct)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
