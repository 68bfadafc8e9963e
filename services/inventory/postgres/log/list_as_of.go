package log

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// List reads instances that were alive at a position of the log and that the filter matches, in the order
// of their UIDs: at most limit after one, and fewer only if there are no more. Errors: as Read.
//
// Each page is a transaction of its own, so that none is open while a slow client reads: first the
// instances that did not change since the position, and then those that did, up to the end of the first
// part.
func (s *Store) List(ctx context.Context, at inventory.LogPosition, filter *query.Filter, after uuid.UUID, limit int) ([]inventory.Instance, error) {
	var page []inventory.Instance
	err := s.db.Read(ctx, func(tx pgx.Tx) error {
		if _, err := headAfter(ctx, tx, at); err != nil {
			return err
		}
		sql, args := unchangedSQL(at, filter, after, limit)
		unchanged, err := postgres.CollectInstances(tx.Query(ctx, sql, args...))
		if err != nil {
			return err
		}
		upTo := uuid.Max
		if len(unchanged) == limit {
			upTo = unchanged[limit-1].UID
		}
		sql, args = changedSQL(at, filter, after, upTo, limit)
		changed, err := postgres.CollectInstances(tx.Query(ctx, sql, args...))
		page = append(unchanged, changed...)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(page, func(a, b inventory.Instance) int { return bytes.Compare(a.UID[:], b.UID[:]) })
	return page[:min(len(page), limit)], nil
}

func asOf(at inventory.LogPosition) inventory.AsOfPosition {
	return inventory.AsOfPosition{Revision: at.Revision, NotBefore: at.Time}
}

// unchangedSQL reads the instances that did not change since the position.
func unchangedSQL(at inventory.LogPosition, filter *query.Filter, after uuid.UUID, limit int) (string, []any) {
	var args query.Args
	return `SELECT ` + postgres.InstanceColumns + ` FROM ` + postgres.UnchangedSince(&args, asOf(at)) + ` instances
		WHERE ` + postgres.WhereInstances(filter, false, &args) + ` AND uid > ` + args.Add(after) + `
		ORDER BY uid LIMIT ` + args.Add(limit), args
}

// changedSQL reads the instances that changed since, up to a UID. Each was certainly observed when it
// changed before that; later observations are not known.
func changedSQL(at inventory.LogPosition, filter *query.Filter, after, upTo uuid.UUID, limit int) (string, []any) {
	var args query.Args
	between := ` AND c.uid > ` + args.Add(after) + ` AND c.uid <= ` + args.Add(upTo)
	return `SELECT ` + postgres.RecordColumns("instances", "change_time") + `
		FROM ` + postgres.UndoneAmong(&args, asOf(at), between) + ` instances
		WHERE ` + postgres.WhereInstances(filter, false, &args) + `
		ORDER BY uid LIMIT ` + args.Add(limit), args
}
