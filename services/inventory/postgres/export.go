package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// exportLimitSQL bounds an export: as long as it reads, Postgres keeps all that
// others change.
const exportLimitSQL = `SET LOCAL statement_timeout = '10min'`

// ExportInstances reads all instances that the filter matches as of one moment,
// in no order. It tells begin how fresh that is, then gives them to take one by
// one, which may take its time. Errors: those of begin and take; INVALID_ARGUMENT
// and FAILED_PRECONDITION as ListInstances; RESOURCE_EXHAUSTED with
// inventory.ReasonTooManyExports.
func (s *Store) ExportInstances(ctx context.Context, q inventory.ExportQuery, begin func(inventory.Freshness) error, take func(*Record) error) error {
	filter, err := instanceFields.ParseFilter(q.Filter)
	if err != nil {
		return err
	}
	select {
	case s.exporting <- struct{}{}:
		defer func() { <-s.exporting }()
	default:
		return fault.New(fault.KindResourceExhausted, inventory.ReasonTooManyExports,
			"%d exports are under way, which is as many as go at once; try again when one has ended", cap(s.exporting))
	}
	// A statement that is left in the middle would be read to its end: all of it.
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	var left error // why
	err = s.read(ctx, func(tx pgx.Tx) error {
		var freshness inventory.Freshness
		batch := &pgx.Batch{}
		batch.Queue(exportLimitSQL)
		touched(filter).queue(batch, q.MaxStaleness, &freshness)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		if err := begin(freshness); err != nil {
			return err
		}
		sql, args := exportSQL(filter, q.ShowGone)
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		var record Record
		return eachRow(rows, func(raw [][]byte) error {
			record.read(raw)
			if left = take(&record); left != nil {
				leave()
			}
			return left
		})
	})
	if left != nil {
		return left
	}
	return err
}

// exportSQL reads the table as it lies. When each scope was observed is joined, and
// not asked for row by row.
func exportSQL(filter *query.Filter, showGone bool) (string, []any) {
	var args query.Args
	return `SELECT ` + imageColumns("instances", "GREATEST(instances.observe_time, last_complete_time)") + `
		FROM instances LEFT JOIN (SELECT uid AS scope_uid, last_complete_time FROM scopes) observed ON scope_uid = scope
		WHERE ` + whereInstances(filter, showGone, &args), args
}
