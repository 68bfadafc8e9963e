package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

const insertGapSQL = `
	INSERT INTO observation_gaps (scope, start_time, end_time, reason, error) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (scope, start_time) DO NOTHING`

// closeGap writes down that the scope was out of sight until a complete
// observation, if it was.
func closeGap(ctx context.Context, tx pgx.Tx, scope *lockedScope, key inventory.ScopeKey, fence int64, end time.Time) error {
	reason, text := scope.gap(fence, end)
	if reason == "" {
		return nil
	}
	_, err := tx.Exec(ctx, insertGapSQL, key.UID(), *scope.lastComplete, end, reason, text)
	return err
}

// gap is why the scope was out of sight before a complete observation; empty: it
// was not. A failure that a newer try met says nothing of the time before.
func (s *lockedScope) gap(fence int64, end time.Time) (reason, text string) {
	switch {
	case s.lastComplete == nil || !end.After(*s.lastComplete):
		return "", ""
	case s.gapReason != "" && s.attemptFence <= fence:
		return s.gapReason, s.gapError
	case s.syncInterval != nil && end.Sub(*s.lastComplete) > 2**s.syncInterval:
		return inventory.ReasonNotObserved, ""
	default:
		return "", ""
	}
}
