package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// scopeFields are what filters of scopes may name.
var scopeFields = query.New(
	query.Field{Path: "account", Column: "account", Type: query.String, Prefix: "accounts/"},
	query.Field{Path: "provider", Column: "provider", Type: query.Enum(enumTexts(inventory.Providers())...)},
	query.Field{Path: "kind", Column: "kind", Type: query.Enum(enumTexts(inventory.Kinds())...)},
	query.Field{Path: "location", Column: "location", Type: query.String},
	query.Field{Path: "last_complete_time", Column: "last_complete_time", Type: query.Timestamp, Nullable: true},
	query.Field{Path: "last_attempt_time", Column: "last_attempt_time", Type: query.Timestamp, Nullable: true},
	query.Field{Path: "last_error", Column: "last_error", Type: query.String},
	query.Field{Path: "last_error_reason", Column: "last_error_reason", Type: query.String},
	query.Field{Path: "instance_count", Column: "instance_count", Type: query.Int},
	query.Field{Path: "sync_interval", Column: "sync_interval", Type: query.Duration, Nullable: true},
	query.Field{Path: "unreachable", Column: `(` + unvouchedSQL + ` AND ` + inUseSQL + `)`, Type: query.Bool, Nullable: true},
	query.Field{Path: "hold.hold_time", Column: "hold_time", Type: query.Timestamp, Nullable: true},
)

// scopeCursor is what a page token of ListScopes carries: the last scope of the
// page before.
type scopeCursor struct {
	Account  string `json:"a"`
	Kind     string `json:"k"`
	Location string `json:"l"`
}

// ListScopes reads a page of scopes by account, kind and location. Errors:
// INVALID_ARGUMENT with the place of the mistake.
func (s *Store) ListScopes(ctx context.Context, q inventory.ScopesQuery) (inventory.ScopesPage, error) {
	var page inventory.ScopesPage
	filter, err := scopeFields.ParseFilter(q.Filter)
	if err != nil {
		return page, err
	}
	var cursor scopeCursor
	fingerprint := query.Fingerprint("scopes", q.Filter)
	if err := query.DecodeToken(q.PageToken, fingerprint, &cursor); err != nil {
		return page, err
	}
	for _, text := range []string{cursor.Account, cursor.Kind, cursor.Location} {
		if inventory.CleanText(text) != text {
			return page, fault.Invalid("page_token", "is damaged; start again without it")
		}
	}
	sql, args := scopesSQL(filter, cursor, q.PageSize)
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return page, kit.Fault(err)
	}
	page.Scopes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (inventory.Scope, error) { return scanScope(row) })
	if err != nil || len(page.Scopes) <= q.PageSize {
		return page, kit.Fault(err)
	}
	page.Scopes = page.Scopes[:q.PageSize]
	last := page.Scopes[q.PageSize-1].ScopeKey
	page.NextPageToken = query.EncodeToken(fingerprint, scopeCursor{last.Account, string(last.Kind), last.Location})
	return page, nil
}

func scopesSQL(filter *query.Filter, cursor scopeCursor, size int) (string, []any) {
	var args query.Args
	where := filter.Where(&args)
	after := "(" + args.Add(cursor.Account) + "::text, " + args.Add(cursor.Kind) + "::text, " + args.Add(cursor.Location) + "::text)"
	return `SELECT ` + scopeColumns + ` FROM scopes
		WHERE ` + where + ` AND (account, kind, location) > ` + after + `
		ORDER BY account, kind, location LIMIT ` + args.Add(size+1), args
}

// scopeColumns are what scanScope reads. Spans of time are in microseconds.
const scopeColumns = `account, provider, kind, location, last_complete_time, last_attempt_time,
	last_error, last_error_reason, instance_count,
	COALESCE((EXTRACT(EPOCH FROM GREATEST(now() - last_complete_time, interval '0')) * 1000000)::bigint, 0),
	COALESCE((EXTRACT(EPOCH FROM sync_interval) * 1000000)::bigint, 0),
	hold_time, COALESCE(hold_missing, 0), COALESCE(hold_of, 0), api_budgets`

// scanScope reads a row of scopeColumns, and what follows them into more.
func scanScope(row pgx.CollectableRow, more ...any) (inventory.Scope, error) {
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
		return s, fmt.Errorf("read the budgets of %s: %w", s.ScopeKey, err)
	}
	return s, nil
}

const getScopeSQL = `SELECT ` + scopeColumns + ` FROM scopes WHERE uid = $1`

func getScope(ctx context.Context, tx pgx.Tx, key inventory.ScopeKey) (inventory.Scope, error) {
	rows, err := tx.Query(ctx, getScopeSQL, key.UID())
	if err != nil {
		return inventory.Scope{}, err
	}
	return pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (inventory.Scope, error) { return scanScope(row) })
}
