package postgres

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// ListAsOf reads instances that were there at a place of the log and that the
// filter matches, in the order of their ids, at most so many after one: fewer only
// when there are no more. Those that were gone are left out. Errors as of ReadLog.
//
// Each page is read by itself, so that no transaction is open while a reader takes
// its time: first what was not changed since the place, then what was, up to
// where the first part ends.
func (s *Store) ListAsOf(ctx context.Context, at inventory.LogPlace, filter *query.Filter, after uuid.UUID, most int) ([]inventory.Instance, error) {
	var page []inventory.Instance
	err := s.read(ctx, func(tx pgx.Tx) error {
		if _, err := headAfter(ctx, tx, at); err != nil {
			return err
		}
		sql, args := unchangedSQL(at, filter, after, most)
		unchanged, err := collect(tx.Query(ctx, sql, args...))
		if err != nil {
			return err
		}
		upTo := uuid.Max
		if len(unchanged) == most {
			upTo = unchanged[most-1].UID
		}
		sql, args = changedSQL(at, filter, after, upTo, most)
		changed, err := collect(tx.Query(ctx, sql, args...))
		page = append(unchanged, changed...)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(page, func(a, b inventory.Instance) int { return bytes.Compare(a.UID[:], b.UID[:]) })
	return page[:min(len(page), most)], nil
}

func pastOf(at inventory.LogPlace) past { return past{revision: at.Revision, notBefore: at.Time} }

// unchangedSQL reads what is now as it was at the place.
func unchangedSQL(at inventory.LogPlace, filter *query.Filter, after uuid.UUID, most int) (string, []any) {
	var args query.Args
	return `SELECT ` + instanceColumns + ` FROM ` + unchangedSince(&args, pastOf(at)) + ` instances
		WHERE ` + whereInstances(filter, false, &args) + ` AND uid > ` + args.Add(after) + `
		ORDER BY uid LIMIT ` + args.Add(most), args
}

// changedSQL reads what was changed since, up to an id. It was certainly looked at
// when it changed before that, and nobody knows when after.
func changedSQL(at inventory.LogPlace, filter *query.Filter, after, upTo uuid.UUID, most int) (string, []any) {
	var args query.Args
	between := ` AND c.uid > ` + args.Add(after) + ` AND c.uid <= ` + args.Add(upTo)
	return `SELECT ` + imageColumns("instances", "change_time") + `
		FROM ` + undoneAmong(&args, pastOf(at), between) + ` instances
		WHERE ` + whereInstances(filter, false, &args) + `
		ORDER BY uid LIMIT ` + args.Add(most), args
}
