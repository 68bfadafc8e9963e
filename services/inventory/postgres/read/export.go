package read

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// ExportInstances reads all instances that a filter matches.
func (s *Store) ExportInstances(ctx context.Context, q inventory.ExportQuery, begin func(inventory.Freshness) error, take func(*inventory.Record) error) error {
	select {
	case s.exporting <- struct{}{}:
		defer func() { <-s.exporting }()
	default:
		return fault.New(fault.KindResourceExhausted, fault.ReasonTooManyExports,
			"%d exports are running, which is the limit; try again when one has ended", cap(s.exporting))
	}
	// pgx reads the rows of a statement to their end unless the statement is cancelled.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var takeErr error
	err := s.db.Read(ctx, func(tx pgx.Tx) error {
		var freshness inventory.Freshness
		batch := &pgx.Batch{}
		// The limit is needed: while an export reads, Postgres keeps all rows that others change.
		batch.Queue(postgres.LargeStatementSQL)
		touchedBy(q.Filter).queueNow(batch, q.MaxStaleness, &freshness)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		if err := begin(freshness); err != nil {
			return err
		}
		sql, args := exportSQL(q)
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		var record inventory.Record
		return postgres.EachRow(rows, func(raw [][]byte) error {
			postgres.ReadRecord(&record, raw)
			if takeErr = take(&record); takeErr != nil {
				cancel()
			}
			return takeErr
		})
	})
	if takeErr != nil {
		return takeErr
	}
	return err
}

// exportSQL reads the table in its physical order. It joins the times of the scopes in place of a subquery
// for each row.
func exportSQL(q inventory.ExportQuery) (string, []any) {
	var args query.Args
	return `SELECT ` + postgres.RecordColumns("instances", "GREATEST(instances.observe_time, last_complete_time)") + `
		FROM instances LEFT JOIN (SELECT uid AS scope_uid, last_complete_time FROM scopes) observed ON scope_uid = scope
		WHERE ` + postgres.WhereInstances(q.Filter, q.ShowGone, &args), args
}
