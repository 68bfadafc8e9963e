package postgres

import (
	"context"
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
	query.Field{Path: "provider", Column: "provider", Type: query.Enum(words(inventory.Providers())...)},
	query.Field{Path: "kind", Column: "kind", Type: query.Enum(words(inventory.Kinds())...)},
	query.Field{Path: "location", Column: "location", Type: query.String},
	query.Field{Path: "last_complete_time", Column: "last_complete_time", Type: query.Timestamp, Nullable: true},
	query.Field{Path: "last_attempt_time", Column: "last_attempt_time", Type: query.Timestamp, Nullable: true},
	query.Field{Path: "last_error", Column: "last_error", Type: query.String},
	query.Field{Path: "last_error_reason", Column: "last_error_reason", Type: query.String},
	query.Field{Path: "instance_count", Column: "instance_count", Type: query.Int},
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
	page.Scopes, err = pgx.CollectRows(rows, scanScope)
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
	return `SELECT ` + scopeColumns + `
		FROM scopes WHERE ` + where + ` AND (account, kind, location) > ` + after + `
		ORDER BY account, kind, location LIMIT ` + args.Add(size+1), args
}

// scopeColumns are what scanScope reads. Ages are by the database's clock, like
// all others.
const scopeColumns = `account, provider, kind, location, last_complete_time, last_attempt_time,
	last_error, last_error_reason, instance_count, now() - last_complete_time, sync_interval, api_budgets,
	hold_time, hold_missing, hold_of`

func scanScope(row pgx.CollectableRow) (inventory.Scope, error) {
	var s inventory.Scope
	var complete, attempt, holdTime pgtype.Timestamptz
	var age, interval *time.Duration
	var missing, of pgtype.Int8
	var budgets []byte
	err := row.Scan(&s.Account, &s.Provider, &s.Kind, &s.Location, &complete, &attempt,
		&s.LastError, &s.LastErrorReason, &s.InstanceCount, &age, &interval, &budgets, &holdTime, &missing, &of)
	if err != nil {
		return s, err
	}
	s.LastCompleteTime, s.LastAttemptTime = complete.Time, attempt.Time
	if age != nil {
		s.Age = max(0, *age)
	}
	if interval != nil {
		s.SyncInterval = *interval
	}
	if holdTime.Valid {
		s.Hold = &inventory.Hold{Time: holdTime.Time, Missing: missing.Int64, Of: of.Int64}
	}
	s.Budgets, err = readBudgets(budgets)
	return s, err
}

const getScopeSQL = `SELECT ` + scopeColumns + ` FROM scopes WHERE uid = $1`

func getScope(ctx context.Context, tx pgx.Tx, key inventory.ScopeKey) (inventory.Scope, error) {
	rows, err := tx.Query(ctx, getScopeSQL, key.UID())
	if err != nil {
		return inventory.Scope{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanScope)
}
