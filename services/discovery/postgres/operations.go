package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// CreateOperation stores an operation with its targets, a job and audit entries, all or
// nothing.
func (s *Store) CreateOperation(
	ctx context.Context, o *operation.Operation, left time.Duration, entries []operation.AuditEntry,
) (*operation.Operation, error) {
	id, err := newID()
	if err != nil {
		return nil, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := insertOperation(ctx, tx, id, o, left); err != nil {
			return err
		}
		blocked, err := insertTargets(ctx, tx, id, o.Targets)
		if err != nil {
			return err
		}
		if err := s.insertBlocked(ctx, tx, id, o, blocked, entries); err != nil {
			return err
		}
		if o.Verb == provider.Start {
			if err := releaseStarted(ctx, tx, o.Targets); err != nil {
				return err
			}
		}
		for n := range entries {
			entries[n].Operation = id
		}
		if err := insertAudit(ctx, tx, entries); err != nil {
			return err
		}
		return s.queueOperation(ctx, tx, id, 0)
	})
	if postgres.Constraint(err) == "operations_request_id_key" {
		return s.OperationByRequest(ctx, o.RequestID) // Two requests with the id came at the same time.
	}
	if err != nil {
		return nil, err
	}
	return s.Operation(ctx, id)
}

func insertOperation(ctx context.Context, tx pgx.Tx, id string, o *operation.Operation, left time.Duration) error {
	const insert = `
		INSERT INTO operations (id, verb, batch, user_name, user_source, address, user_agent, reason, request_id, request_hash,
		                        filter, keep_stopped, max_parallel, oldest_observe_time, unreachable, deadline)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, now() + $16)`
	var requestID *string
	var hash []byte
	if o.RequestID != "" {
		requestID, hash = &o.RequestID, o.RequestHash
	}
	unreachable := o.Unreachable
	if unreachable == nil {
		unreachable = []string{}
	}
	_, err := tx.Exec(ctx, insert, id, o.Verb, o.Batch, o.User, o.Source, o.Address, o.UserAgent, o.Reason, requestID, hash,
		o.Filter, o.KeepStopped, o.MaxParallel, orNull(o.OldestObserveTime), unreachable, left)
	return err
}

// insertTargets stores targets. It returns those that are not stored because another
// operation is working on them.
func insertTargets(ctx context.Context, tx pgx.Tx, id string, targets []*operation.Target) ([]*operation.Target, error) {
	const insert = `
		INSERT INTO operation_targets (operation, place, instance, account, provider, kind, location, provider_id, provider_uri,
		                               display_name, zone, etag, state, exclusive, key, current_state, provider_state,
		                               refusal_reason, refusal_message, refusal_remedy, refusal_transient, steps)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
		ON CONFLICT (account, exclusive) WHERE state IN ('PENDING', 'CHECKING', 'CALLED', 'WAITING') DO NOTHING`
	// All processes use the same order, so that no two wait for each other.
	ordered := slices.SortedFunc(slices.Values(targets), func(a, b *operation.Target) int {
		return strings.Compare(a.Account+"\x00"+a.Instance, b.Account+"\x00"+b.Instance)
	})
	batch := &pgx.Batch{}
	var blocked []*operation.Target
	for _, t := range ordered {
		refusal := t.Refusal
		if refusal == nil {
			refusal = &fault.Error{}
		}
		batch.Queue(insert, id, t.Index, t.Instance, t.Account, t.Provider, t.Kind, t.Location, t.ProviderID, t.ProviderURI,
			t.DisplayName, t.Zone, t.Etag, t.State, textOrNull(t.Exclusive), t.Key, t.CurrentState, t.ProviderState,
			refusal.Reason, refusal.Message, refusal.Remedy, refusal.Retryable, stepsOf(t))
	}
	results := tx.SendBatch(ctx, batch)
	for _, t := range ordered {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close()
			return nil, err
		}
		if tag.RowsAffected() == 0 {
			blocked = append(blocked, t)
		}
	}
	return blocked, results.Close()
}

// insertBlocked stores targets as failed that other operations are working on. If the
// operation is not a batch, it returns that as an error.
func (s *Store) insertBlocked(
	ctx context.Context, tx pgx.Tx, id string, o *operation.Operation, blocked []*operation.Target, entries []operation.AuditEntry,
) error {
	const blocker = `
		SELECT operation::text FROM operation_targets
		WHERE account = $1 AND exclusive = $2 AND state IN ('PENDING', 'CHECKING', 'CALLED', 'WAITING')`
	for _, t := range blocked {
		var other string
		err := tx.QueryRow(ctx, blocker, t.Account, t.Exclusive).Scan(&other)
		if errors.Is(err, pgx.ErrNoRows) { // It has ended since.
			return fault.New(fault.KindAborted, fault.ReasonConflict, "another operation on the instance ended at the same time; try again")
		}
		if err != nil {
			return err
		}
		inProgress := operation.ErrInProgress(operation.InstanceName(t.Instance), other)
		if !o.Batch {
			return inProgress
		}
		t.Block(inProgress)
		for n := range entries {
			if entries[n].Instance == t.Instance {
				entries[n].Event, entries[n].OutcomeReason, entries[n].Message = operation.AuditRefused, string(fault.ReasonOperationInProgress), inProgress.Error()
			}
		}
	}
	if len(blocked) == 0 {
		return nil
	}
	_, err := insertTargets(ctx, tx, id, blocked)
	return err
}

// releaseStarted stops keeping instances stopped that someone starts.
func releaseStarted(ctx context.Context, tx pgx.Tx, targets []*operation.Target) error {
	instances := make([]string, 0, len(targets))
	for _, t := range targets {
		if !t.State.Ended() {
			instances = append(instances, t.Instance)
		}
	}
	_, err := tx.Exec(ctx, `DELETE FROM kept_stopped WHERE instance = ANY ($1)`, instances)
	return err
}

// queueOperation queues a job that delivers the operation to a worker.
func (s *Store) queueOperation(ctx context.Context, tx pgx.Tx, id string, after time.Duration) error {
	job, err := s.queue.EnqueueOperation(ctx, tx, id, after)
	if err != nil {
		return fmt.Errorf("queue a job: %w", err)
	}
	_, err = tx.Exec(ctx, `UPDATE operations SET job_id = $2, queue_time = now() WHERE id = $1`, id, job)
	return err
}

// CancelOperation cancels an operation. One that has ended is not changed.
func (s *Store) CancelOperation(ctx context.Context, id string, entry operation.AuditEntry) error {
	return s.change(ctx, id, `
		UPDATE operations SET cancel_time = coalesce(cancel_time, now()), revision = revision + 1
		WHERE id = $1 AND state <> 'ENDED' RETURNING verb`, entry, true)
}

// DeleteOperation deletes an operation that has ended.
func (s *Store) DeleteOperation(ctx context.Context, id string, entry operation.AuditEntry) error {
	return s.change(ctx, id, `DELETE FROM operations WHERE id = $1 AND state = 'ENDED' RETURNING verb`, entry, false)
}

// change runs a statement on an operation, and adds an audit entry if it changed
// something. If it did not, that is an error unless optional is set.
func (s *Store) change(ctx context.Context, id, sql string, entry operation.AuditEntry, optional bool) error {
	if uuid.Validate(id) != nil {
		return operationNotFound(id)
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, sql, id).Scan(&entry.Verb)
		if errors.Is(err, pgx.ErrNoRows) {
			var exists bool
			if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM operations WHERE id = $1)`, id).Scan(&exists); err != nil {
				return err
			}
			switch {
			case !exists:
				return operationNotFound(id)
			case optional:
				return nil
			}
			return fault.New(fault.KindFailedPrecondition, fault.ReasonNotEnded, "%s has not ended; cancel it, or wait for its end",
				operation.Name(id)).With("name", operation.Name(id))
		}
		if err != nil {
			return err
		}
		entry.Operation = id
		return insertAudit(ctx, tx, []operation.AuditEntry{entry})
	})
}

// ReapOperations queues operations whose worker is dead or whose job was lost, and returns
// their ids.
func (s *Store) ReapOperations(ctx context.Context, lease time.Duration) ([]string, error) {
	const dead = `
		state = 'RUNNING' AND lease_time < now()
		OR state = 'QUEUED' AND queue_time < now() - $1::interval AND NOT EXISTS (
			SELECT FROM river_job j WHERE j.id = job_id AND (
				j.finalized_at IS NULL AND j.state <> 'running' OR
				j.state = 'running' AND j.attempted_at > now() - $1::interval))`
	candidates, err := s.texts(ctx, `SELECT id::text FROM operations WHERE `+dead, lease)
	var reaped []string
	for _, id := range candidates {
		err := s.inTx(ctx, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, `
				UPDATE operations SET state = 'QUEUED', queue_time = now(), revision = revision + 1
				WHERE id = $2 AND (`+dead+`)`, lease, id)
			if err != nil || tag.RowsAffected() == 0 {
				return err
			}
			reaped = append(reaped, id)
			return s.queueOperation(ctx, tx, id, 0)
		})
		if err != nil {
			return reaped, err
		}
	}
	return reaped, err
}

// PruneOperations deletes operations that ended long ago, and returns how many. Their audit
// entries stay.
func (s *Store) PruneOperations(ctx context.Context, olderThan time.Duration) (int, error) {
	const prune = `
		DELETE FROM operations WHERE id IN (
			SELECT id FROM operations WHERE end_time < now() - $1::interval LIMIT $2)`
	tag, err := s.pool.Exec(ctx, prune, olderThan, pruneAtOnce)
	return int(tag.RowsAffected()), postgres.Fault(err)
}

// operationNotFound returns the error of an operation that does not exist. Ids come from
// resource names, so they may be any text.
func operationNotFound(id string) error { return fault.NotFound(operation.Name(id)) }
