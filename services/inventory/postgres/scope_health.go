package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// The ones that matter come first, should there be too many.
const scopeHealthSQL = `
	SELECT ` + scopeColumns + `, ` + unvouchedSQL + ` IS TRUE AND ` + inUseSQL + `
	FROM scopes
	ORDER BY ` + unvouchedSQL + ` IS TRUE DESC, last_complete_time NULLS FIRST, account, kind, location
	LIMIT $1`

// ScopeHealth is how the scopes are, at most so many, and how many there are.
func (s *Store) ScopeHealth(ctx context.Context, most int) (scopes []inventory.ScopeHealth, total int64, err error) {
	err = s.read(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, scopeHealthSQL, most)
		if err != nil {
			return err
		}
		scopes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (health inventory.ScopeHealth, err error) {
			health.Scope, err = scanScope(row, &health.Unreachable)
			return health, err
		})
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT count(*) FROM scopes`).Scan(&total)
	})
	return scopes, total, err
}
