package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const getInstanceSQL = `SELECT ` + instanceColumns + ` FROM instances WHERE uid = $1`

// GetInstance is one instance by the id in its name, also a gone one. Errors:
// NOT_FOUND.
func (s *Store) GetInstance(ctx context.Context, uid uuid.UUID) (inventory.Instance, error) {
	instance, err := getInstance(ctx, s.pool, uid)
	if errors.Is(err, pgx.ErrNoRows) {
		return instance, fault.NotFound("instances/" + uid.String())
	}
	return instance, kit.Fault(err)
}

// rowQuerier is a pool or a transaction.
type rowQuerier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func getInstance(ctx context.Context, db rowQuerier, uid uuid.UUID) (inventory.Instance, error) {
	return newRowScanner().scan(db.QueryRow(ctx, getInstanceSQL, uid))
}
