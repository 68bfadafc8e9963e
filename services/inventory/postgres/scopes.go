package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	// InUseSQL is the condition on the scopes that are in use. It excludes retired scopes without
	// instances. A retired scope that still shows instances is in use until it is confirmed.
	InUseSQL = `NOT (last_error_reason = '` + inventory.ReasonRetired + `' AND instance_count = 0)`

	// UnreachableSQL is the condition on the scopes that an answer can't vouch for: never observed,
	// failed at the last attempt, held, or overdue. A scope is overdue if it was not observed for twice
	// its interval, by the clock of the database.
	UnreachableSQL = `(last_complete_time IS NULL OR last_error_reason <> '' OR hold_fence IS NOT NULL
	OR last_complete_time < now() - 2 * sync_interval)`

	// InGapSQL is the condition on a scope (alias s) that was observed once and can't be vouched for now.
	// Gaps begin this way: see observation_gaps.
	InGapSQL = `(s.gap_reason <> '' OR s.last_error_reason <> '' OR s.hold_fence IS NOT NULL
	OR s.last_complete_time < now() - 2 * s.sync_interval)`

	// GapReasonSQL is the reason of the gap that such a scope is in, for programs.
	GapReasonSQL = `COALESCE(NULLIF(s.gap_reason, ''), NULLIF(s.last_error_reason, ''),
		CASE WHEN s.hold_fence IS NOT NULL THEN '` + inventory.ReasonHeld + `' END, '` + inventory.ReasonNotObserved + `')`
	// GapErrorSQL is the same for people.
	GapErrorSQL = `COALESCE(NULLIF(s.gap_error, ''), s.last_error)`

	// LastGapSQL reads the last gap of a scope ($1). For a scope without a complete observation the gap
	// still lasts if the account was removed.
	LastGapSQL = `SELECT * FROM observation_gaps WHERE scope = $1 ORDER BY start_time DESC LIMIT 1`
)

// ScopeColumns are the columns that ScanScope reads. Durations are in microseconds.
const ScopeColumns = `account, provider, kind, location, last_complete_time, last_attempt_time,
	last_error, last_error_reason, instance_count,
	COALESCE((EXTRACT(EPOCH FROM GREATEST(now() - last_complete_time, interval '0')) * 1000000)::bigint, 0),
	COALESCE((EXTRACT(EPOCH FROM sync_interval) * 1000000)::bigint, 0),
	hold_time, COALESCE(hold_missing, 0), COALESCE(hold_of, 0), api_budgets`

// ScanScope reads a row of ScopeColumns, and the columns after them into more.
func ScanScope(row pgx.CollectableRow, more ...any) (inventory.Scope, error) {
	var (
		s                       inventory.Scope
		hold                    inventory.Hold
		complete, attempt, held pgtype.Timestamptz
		age, interval           int64
		budgets                 []byte
	)
	targets := append([]any{&s.Account, &s.Provider, &s.Kind, &s.Location, &complete, &attempt,
		&s.LastError, &s.LastErrorReason, &s.InstanceCount, &age, &interval, &held, &hold.Missing, &hold.Of, &budgets}, more...)
	if err := row.Scan(targets...); err != nil {
		return s, err
	}
	s.LastCompleteTime, s.LastAttemptTime = complete.Time, attempt.Time
	s.Age, s.SyncInterval = time.Duration(age)*time.Microsecond, time.Duration(interval)*time.Microsecond
	if held.Valid {
		hold.Time = held.Time
		s.Hold = &hold
	}
	if err := json.Unmarshal(budgets, &s.APIBudgets); err != nil {
		return s, fmt.Errorf("read the API budgets of %s: %w", s.ScopeKey, err)
	}
	return s, nil
}

const getScopeSQL = `SELECT ` + ScopeColumns + ` FROM scopes WHERE uid = $1`

// GetScope reads a scope. Errors: pgx.ErrNoRows.
func GetScope(ctx context.Context, tx pgx.Tx, key inventory.ScopeKey) (inventory.Scope, error) {
	rows, err := tx.Query(ctx, getScopeSQL, key.UID())
	if err != nil {
		return inventory.Scope{}, err
	}
	return pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (inventory.Scope, error) { return ScanScope(row) })
}
