package read

import (
	"context"

	"github.com/jackc/pgx/v5"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// scopeFields are the SQL expressions of the fields of a scope that are more than a column.
var scopeFields = map[string]string{
	"unreachable":    `(` + postgres.UnreachableSQL + ` AND ` + postgres.InUseSQL + `)`,
	"hold.hold_time": "hold_time",
}

func scopeColumn(f *query.Field) string {
	if sql, ok := scopeFields[f.Path]; ok {
		return sql
	}
	return f.Path
}

// ListScopes reads a page of scopes.
func (s *Store) ListScopes(ctx context.Context, q inventory.ScopesQuery) (inventory.ScopesPage, error) {
	var page inventory.ScopesPage
	sql, args := scopesSQL(q)
	rows, err := s.db.Pool.Query(ctx, sql, args...)
	if err != nil {
		return page, kit.Fault(err)
	}
	page.Scopes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (inventory.Scope, error) { return postgres.ScanScope(row) })
	if page.More = len(page.Scopes) > q.PageSize; page.More {
		page.Scopes = page.Scopes[:q.PageSize]
	}
	return page, kit.Fault(err)
}

func scopesSQL(q inventory.ScopesQuery) (string, []any) {
	var args query.Args
	where := q.Filter.On(scopeColumn).Where(&args)
	after := "(" + args.Add(q.After.Account) + "::text, " + args.Add(string(q.After.Kind)) + "::text, " + args.Add(q.After.Location) + "::text)"
	return `SELECT ` + postgres.ScopeColumns + ` FROM scopes
		WHERE ` + where + ` AND (account, kind, location) > ` + after + `
		ORDER BY account, kind, location LIMIT ` + args.Add(q.PageSize+1), args
}

// scopeHealthSQL reads the unreachable scopes first, in case there are too many.
const scopeHealthSQL = `
	SELECT ` + postgres.ScopeColumns + `, ` + postgres.UnreachableSQL + ` IS TRUE AND ` + postgres.InUseSQL + `
	FROM scopes
	ORDER BY ` + postgres.UnreachableSQL + ` IS TRUE DESC, last_complete_time NULLS FIRST, account, kind, location
	LIMIT $1`

// ScopeHealth returns at most limit scopes with their health, and the number of all scopes.
func (s *Store) ScopeHealth(ctx context.Context, limit int) (scopes []inventory.ScopeHealth, total int64, err error) {
	err = s.db.Read(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, scopeHealthSQL, limit)
		if err != nil {
			return err
		}
		scopes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (health inventory.ScopeHealth, err error) {
			health.Scope, err = postgres.ScanScope(row, &health.Unreachable)
			return health, err
		})
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT count(*) FROM scopes`).Scan(&total)
	})
	return scopes, total, err
}
