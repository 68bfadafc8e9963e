package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// ClaimOperation gives a worker the lease on a queued operation, and returns the operation
// with all its targets; NotFound if it is not queued.
func (s *Store) ClaimOperation(
	ctx context.Context, id, worker string, lease time.Duration,
) (operation.Claim, *operation.Operation, error) {
	const claim = `
		UPDATE operations
		SET state = 'RUNNING', worker = $2, fencing_token = nextval('fencing_token_seq'),
		    start_time = coalesce(start_time, now()), lease_time = now() + $3, revision = revision + 1
		WHERE id = $1 AND state = 'QUEUED'
		RETURNING fencing_token, deadline - now()`
	c := operation.Claim{Operation: id}
	err := s.pool.QueryRow(ctx, claim, id, worker, lease).Scan(&c.Token, &c.Left)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, nil, operationNotFound(id)
	}
	if err != nil {
		return c, nil, postgres.Fault(err)
	}
	o, err := s.Operation(ctx, id)
	return c, o, err
}

// RenewOperation renews the lease, and reports whether the operation was cancelled.
func (s *Store) RenewOperation(ctx context.Context, claim operation.Claim, lease time.Duration) (cancelled bool, err error) {
	const renew = `
		UPDATE operations SET lease_time = now() + $3 WHERE id = $1 AND fencing_token = $2 AND state = 'RUNNING'
		RETURNING cancel_time IS NOT NULL`
	err = s.pool.QueryRow(ctx, renew, claim.Operation, claim.Token, lease).Scan(&cancelled)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, operation.ErrOperationLost(claim)
	}
	return cancelled, postgres.Fault(err)
}

// SaveTarget stores a target and audit entries.
func (s *Store) SaveTarget(
	ctx context.Context, claim operation.Claim, target *operation.Target, entries ...operation.AuditEntry,
) error {
	return s.saveTarget(ctx, claim, target, false, entries)
}

// CallTarget stores that a call is about to be made, unless the operation was cancelled. Both
// update the row of the operation, so one of them comes first.
func (s *Store) CallTarget(
	ctx context.Context, claim operation.Claim, target *operation.Target, entry operation.AuditEntry,
) error {
	target.CallTime = time.Now()
	return s.saveTarget(ctx, claim, target, true, []operation.AuditEntry{entry})
}

func (s *Store) saveTarget(
	ctx context.Context, claim operation.Claim, t *operation.Target, calling bool, entries []operation.AuditEntry,
) error {
	const next = `
		UPDATE operations SET revision = revision + 1
		WHERE id = $1 AND fencing_token = $2 AND state = 'RUNNING'
		RETURNING revision, cancel_time IS NOT NULL`
	const save = `
		UPDATE operation_targets
		SET state = $3, exclusive = $4, unit = $5, already = $6, from_state = $7, current_state = $8, provider_state = $9,
		    observe_time = $10, calls = $11, call_time = CASE WHEN $11 = 0 THEN NULL WHEN $12 THEN now() ELSE call_time END,
		    reference = $13, refusal_reason = $14, refusal_message = $15, refusal_remedy = $16, refusal_transient = $17,
		    notes = $18, steps = $19, revision = $20
		WHERE operation = $1 AND place = $2`
	refusal := t.Refusal
	if refusal == nil {
		refusal = &fault.Error{}
	}
	notes := t.Notes
	if notes == nil {
		notes = []string{}
	}
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		var cancelled bool
		err := tx.QueryRow(ctx, next, claim.Operation, claim.Token).Scan(&t.Revision, &cancelled)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return operation.ErrOperationLost(claim)
		case err != nil:
			return err
		case calling && cancelled:
			return operation.ErrOperationCancelled(claim.Operation)
		}
		_, err = tx.Exec(ctx, save, claim.Operation, t.Index, t.State, textOrNull(t.Exclusive), t.Unit, t.Already, t.FromState,
			t.CurrentState, t.ProviderState, orNull(t.ObserveTime), t.Calls, calling, t.Reference,
			refusal.Reason, refusal.Message, refusal.Remedy, refusal.Retryable, notes, stepsOf(t), t.Revision)
		if err != nil {
			return err
		}
		return insertAudit(ctx, tx, entries)
	})
	if postgres.Constraint(err) == "operation_targets_exclusive_key" {
		return s.inProgress(ctx, t)
	}
	return err
}

// inProgress returns the error of a target that claims what another operation holds.
func (s *Store) inProgress(ctx context.Context, t *operation.Target) error {
	const blocker = `
		SELECT operation::text FROM operation_targets
		WHERE account = $1 AND exclusive = $2 AND state IN ('PENDING', 'CHECKING', 'CALLED', 'WAITING')`
	var other string
	if err := s.pool.QueryRow(ctx, blocker, t.Account, t.Exclusive).Scan(&other); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return postgres.Fault(err)
	}
	return operation.ErrInProgress(t.Exclusive, other)
}

// KeepStopped adds an instance to those that are stopped again when they start by themselves.
func (s *Store) KeepStopped(ctx context.Context, claim operation.Claim, t *operation.Target, autoRestart time.Time) error {
	const keep = `
		INSERT INTO kept_stopped (instance, account, operation, user_name, reason, auto_restart_time)
		SELECT $2, $3, id, user_name, reason, $4 FROM operations WHERE id = $1 AND fencing_token = $5
		ON CONFLICT (instance) DO UPDATE SET
			operation = excluded.operation, user_name = excluded.user_name, reason = excluded.reason,
			stop_time = now(), auto_restart_time = excluded.auto_restart_time, check_time = now()`
	_, err := s.pool.Exec(ctx, keep, claim.Operation, t.Instance, t.Account, orNull(autoRestart), claim.Token)
	return postgres.Fault(err)
}

// EndOperation ends an operation whose targets have all ended.
func (s *Store) EndOperation(ctx context.Context, claim operation.Claim) error {
	const end = `
		UPDATE operations SET state = 'ENDED', end_time = now(), revision = revision + 1
		WHERE id = $1 AND fencing_token = $2 AND state = 'RUNNING'`
	tag, err := s.pool.Exec(ctx, end, claim.Operation, claim.Token)
	if err == nil && tag.RowsAffected() == 0 {
		return operation.ErrOperationLost(claim)
	}
	return postgres.Fault(err)
}

// ReleaseOperation queues an operation again, for another worker, after a while.
func (s *Store) ReleaseOperation(ctx context.Context, claim operation.Claim, after time.Duration) error {
	const release = `
		UPDATE operations SET state = 'QUEUED', revision = revision + 1
		WHERE id = $1 AND fencing_token = $2 AND state = 'RUNNING'`
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, release, claim.Operation, claim.Token)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return operation.ErrOperationLost(claim)
		}
		return s.queueOperation(ctx, tx, claim.Operation, after)
	})
}

// DueKeptStopped returns kept instances that were not checked for the given time.
func (s *Store) DueKeptStopped(ctx context.Context, every time.Duration, limit int) ([]operation.KeptStopped, error) {
	const due = `
		UPDATE kept_stopped SET check_time = now() + $1
		WHERE instance IN (
			SELECT instance FROM kept_stopped WHERE check_time <= now() ORDER BY check_time LIMIT $2 FOR UPDATE SKIP LOCKED)
		RETURNING instance, account, operation::text, user_name, reason, auto_restart_time`
	rows, err := s.pool.Query(ctx, due, every, limit)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	kept, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (operation.KeptStopped, error) {
		var (
			k    operation.KeptStopped
			auto *time.Time
		)
		err := row.Scan(&k.Instance, &k.Account, &k.Operation, &k.User, &k.Reason, &auto)
		k.AutoRestartTime = orZero(auto)
		return k, err
	})
	return kept, postgres.Fault(err)
}

// UpdateKeptStopped stores when the cloud starts an instance by itself.
func (s *Store) UpdateKeptStopped(ctx context.Context, kept operation.KeptStopped) error {
	_, err := s.pool.Exec(ctx, `UPDATE kept_stopped SET auto_restart_time = $2 WHERE instance = $1`,
		kept.Instance, orNull(kept.AutoRestartTime))
	return postgres.Fault(err)
}

// ReleaseKeptStopped removes an instance, and adds an audit entry.
func (s *Store) ReleaseKeptStopped(ctx context.Context, kept operation.KeptStopped, entry operation.AuditEntry) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM kept_stopped WHERE instance = $1 AND operation = $2`, kept.Instance, kept.Operation)
		if err != nil || tag.RowsAffected() == 0 {
			return err // Another stop or start has replaced it since.
		}
		return insertAudit(ctx, tx, []operation.AuditEntry{entry})
	})
}
