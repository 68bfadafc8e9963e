package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

var getInstanceSQL = `SELECT ` + instanceColumns + ` FROM instances WHERE uid = $1`

// GetInstance is one instance by the id in its name, also a gone one. Errors:
// NOT_FOUND, with the scopes that could not be looked at under "unreachable";
// FAILED_PRECONDITION with inventory.ReasonTooStale when MaxStaleness can't be
// met, where nothing is found by any scope; for AsOf as ListInstances.
func (s *Store) GetInstance(ctx context.Context, uid uuid.UUID, q inventory.GetQuery) (instance inventory.Instance, err error) {
	err = s.read(ctx, func(tx pgx.Tx) error {
		at, err := momentOf(ctx, tx, q.AsOf, nil)
		if err != nil {
			return err
		}
		if !at.isNow() {
			instance, err = getPast(ctx, tx, uid, at, q.MaxStaleness)
			return err
		}
		instance, err = getInstance(ctx, tx, uid)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return notThere(ctx, tx, inventory.InstanceName(uid), touch{where: "TRUE"}, at, q.MaxStaleness)
		case err != nil:
			return err
		}
		return checkStale(ctx, tx, uid, q.MaxStaleness)
	})
	return instance, err
}

// getPast is one instance as it was at a moment of the past.
func getPast(ctx context.Context, tx pgx.Tx, uid uuid.UUID, at moment, maxStaleness time.Duration) (inventory.Instance, error) {
	sql, args := getPastSQL(uid, at)
	var scope uuid.UUID
	rows, err := tx.Query(ctx, sql, args...)
	instance, err := collectOne(rows, err, func(more [][]byte) { scope = uuid.UUID(more[0]) })
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return instance, notThere(ctx, tx, inventory.InstanceName(uid), touch{where: "TRUE"}, at, maxStaleness)
	case err != nil || maxStaleness <= 0 || !instance.ObserveTime.Before(at.time.Add(-maxStaleness)):
		return instance, err
	}
	var keys []inventory.ScopeKey
	rows, err = tx.Query(ctx, `SELECT account, kind, location FROM scopes WHERE uid = $1`, scope)
	if err == nil {
		keys, err = pgx.CollectRows(rows, scanKey)
	}
	if err != nil {
		return instance, err
	}
	return instance, tooStale(keys, len(keys), maxStaleness)
}

func getPastSQL(uid uuid.UUID, at moment) (string, []any) {
	var args query.Args
	return at.with(&args) + `SELECT ` + instanceColumns + `, scope FROM ` + at.instance(&args, uid), args
}

// notThere tells "there is none" from "could not look": the error says that name
// was not found in the touched scopes, or that these are too old to say so.
func notThere(ctx context.Context, tx pgx.Tx, name string, in touch, at moment, maxStaleness time.Duration) error {
	var freshness inventory.Freshness
	batch := &pgx.Batch{}
	in.queueAt(batch, at, maxStaleness, &freshness)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	return notFound(name, freshness.Unreachable)
}

// An instance is as old as its scope, unless it was looked at alone since.
const staleInstanceSQL = `
	SELECT s.account, s.kind, s.location FROM instances i LEFT JOIN scopes s ON s.uid = i.scope
	WHERE i.uid = $1 AND COALESCE(GREATEST(i.observe_time, s.last_complete_time), '-infinity') < now() - $2::interval`

// checkStale refuses an instance that was last looked at longer ago than
// maxStaleness, unless that is 0.
func checkStale(ctx context.Context, tx pgx.Tx, uid uuid.UUID, maxStaleness time.Duration) error {
	if maxStaleness <= 0 {
		return nil
	}
	var account, kind, location *string
	err := tx.QueryRow(ctx, staleInstanceSQL, uid, maxStaleness).Scan(&account, &kind, &location)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	case account == nil: // its account was taken off the roll
		return tooStale(nil, 0, maxStaleness)
	}
	key := inventory.ScopeKey{Account: *account, Kind: inventory.Kind(*kind), Location: *location}
	return tooStale([]inventory.ScopeKey{key}, 1, maxStaleness)
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func getInstance(ctx context.Context, db querier, uid uuid.UUID) (inventory.Instance, error) {
	rows, err := db.Query(ctx, getInstanceSQL, uid)
	return collectOne(rows, err, nil)
}
