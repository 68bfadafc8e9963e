package read

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// GetInstance returns the instance with this UID.
func (s *Store) GetInstance(ctx context.Context, uid uuid.UUID, q inventory.GetQuery) (instance inventory.Instance, err error) {
	err = s.db.Read(ctx, func(tx pgx.Tx) error {
		at, err := findAsOf(ctx, tx, q.AsOf, nil)
		if err != nil {
			return err
		}
		if !at.isNow() {
			instance, err = getAsOf(ctx, tx, uid, at, q.MaxStaleness)
			return err
		}
		instance, err = postgres.GetInstance(ctx, tx, uid)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return notFoundIn(ctx, tx, inventory.InstanceName(uid), allScopes(), at, q.MaxStaleness)
		case err != nil:
			return err
		}
		return checkStale(ctx, tx, uid, q.MaxStaleness)
	})
	return instance, err
}

// getAsOf returns an instance as it was at a past time.
func getAsOf(ctx context.Context, tx pgx.Tx, uid uuid.UUID, at asOf, maxStaleness time.Duration) (inventory.Instance, error) {
	sql, args := getAsOfSQL(uid, at)
	var scope uuid.UUID
	rows, err := tx.Query(ctx, sql, args...)
	instance, err := postgres.CollectInstance(rows, err, func(more [][]byte) { scope = uuid.UUID(more[0]) })
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return instance, notFoundIn(ctx, tx, inventory.InstanceName(uid), allScopes(), at, maxStaleness)
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

func getAsOfSQL(uid uuid.UUID, at asOf) (string, []any) {
	var args query.Args
	return at.with(&args) + `SELECT ` + postgres.InstanceColumns + `, scope FROM ` + at.instance(&args, uid), args
}

// notFoundIn returns the fault for an instance that was not found in the touched scopes: that it was not found,
// with the scopes that could not be read, or that these scopes are too old for an answer.
func notFoundIn(ctx context.Context, tx pgx.Tx, name string, in touched, at asOf, maxStaleness time.Duration) error {
	var freshness inventory.Freshness
	batch := &pgx.Batch{}
	in.queueAsOf(batch, at, maxStaleness, &freshness)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	return notFound(name, freshness.Unreachable)
}

// staleInstanceSQL reads the scope of an instance that is too old. An instance was last observed with its scope,
// or alone if that was later.
const staleInstanceSQL = `
	SELECT s.account, s.kind, s.location FROM instances i LEFT JOIN scopes s ON s.uid = i.scope
	WHERE i.uid = $1 AND COALESCE(GREATEST(i.observe_time, s.last_complete_time), '-infinity') < now() - $2::interval`

// checkStale returns an error if an instance was last observed longer ago than maxStaleness, unless that is 0.
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
	case account == nil: // its account was removed
		return tooStale(nil, 0, maxStaleness)
	}
	key := inventory.ScopeKey{Account: *account, Kind: inventory.Kind(*kind), Location: *location}
	return tooStale([]inventory.ScopeKey{key}, 1, maxStaleness)
}
