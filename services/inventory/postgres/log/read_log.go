package log

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

const headSQL = `SELECT log_id, revision, time, floor_revision, floor_time FROM change_head`

// Head returns where the log begins and ends now.
func (s *Store) Head(ctx context.Context) (inventory.LogHead, error) {
	head, err := scanHead(s.db.Pool.QueryRow(ctx, headSQL))
	return head, kit.Fault(err)
}

func scanHead(row pgx.Row) (head inventory.LogHead, err error) {
	err = row.Scan(&head.Log, &head.Revision, &head.Time, &head.Floor, &head.FloorTime)
	return head, err
}

const (
	positionSQL = `SELECT time FROM changes WHERE revision = $1`

	// rangeSQL counts the changes of a range, so that a hole is noticed.
	rangeSQL = `
		SELECT count(*), max(time) FROM changes WHERE revision > $1 AND revision <= $2 AND time >= $3`

	rangeOfLogSQL = `(SELECT * FROM changes WHERE revision > $1 AND revision <= $2 AND time >= $3)`
)

// pageSQL reads changes with their instances. The log does not store when an instance was observed
// before a change.
var pageSQL = `
	SELECT ` + postgres.RecordColumns("after", "log.observe_time") + `, ` + postgres.RecordColumns("before", "NULL::timestamptz") + `,
		log.revision, log.time, log.type, log.observe_time
	FROM ` + postgres.ChangeImages(rangeOfLogSQL) + `
	WHERE $4::text[] IS NULL OR i.account = ANY ($4)
	ORDER BY log.revision`

// Read reads at most limit changes after a position, and keeps those of the accounts (bare IDs; nil for
// all). Errors: OUT_OF_RANGE with TOKEN_EXPIRED if the changes after the position are not in the log.
func (s *Store) Read(ctx context.Context, after inventory.LogPosition, limit int, accounts []string) (inventory.LogPage, error) {
	var page inventory.LogPage
	err := s.db.Read(ctx, func(tx pgx.Tx) (err error) {
		if page.Head, err = headAfter(ctx, tx, after); err != nil || page.Head.Revision == after.Revision {
			page.UpTo = after
			return err
		}
		page.UpTo = inventory.LogPosition{Log: after.Log, Revision: min(after.Revision+int64(limit), page.Head.Revision)}
		batch := &pgx.Batch{}
		batch.Queue(rangeSQL, after.Revision, page.UpTo.Revision, after.Time).QueryRow(func(row pgx.Row) error {
			var count int64
			var last *time.Time
			err := row.Scan(&count, &last)
			if err == nil && count != page.UpTo.Revision-after.Revision {
				return expired("changes after revision %d are missing from the log", after.Revision)
			}
			if last != nil {
				page.UpTo.Time = *last
			}
			return err
		})
		batch.Queue(pageSQL, after.Revision, page.UpTo.Revision, after.Time, accounts).Query(func(rows pgx.Rows) error {
			page.Changes, err = readChanges(rows, after.Log)
			return err
		})
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return inventory.LogPage{}, err
	}
	return page, nil
}

func readChanges(rows pgx.Rows, log uuid.UUID) (changes []inventory.LoggedChange, err error) {
	var record inventory.Record
	err = postgres.EachRow(rows, func(raw [][]byte) error {
		postgres.ReadRecord(&record, raw)
		after, err := record.Instance()
		if err != nil {
			return err
		}
		postgres.ReadRecord(&record, raw[postgres.RecordColumnCount:])
		before, err := record.Instance()
		if err != nil {
			return err
		}
		more := raw[2*postgres.RecordColumnCount:]
		change := inventory.LoggedChange{
			LogPosition: inventory.LogPosition{Log: log, Revision: postgres.ReadInt8(more[0]), Time: postgres.ReadTime(more[1])},
			Type:        inventory.ChangeType(more[2]), ObserveTime: postgres.ReadTime(more[3]), After: &after, Before: &before,
		}
		if change.Type == inventory.Created {
			change.Before = nil
		}
		changes = append(changes, change)
		return nil
	})
	return changes, err
}

// headAfter returns the head of the log for a reader that continues after a position. The position and
// everything after it must be in this log.
func headAfter(ctx context.Context, tx pgx.Tx, position inventory.LogPosition) (inventory.LogHead, error) {
	batch := &pgx.Batch{}
	var head inventory.LogHead
	var stored *time.Time
	batch.Queue(headSQL).QueryRow(func(row pgx.Row) (err error) {
		head, err = scanHead(row)
		return err
	})
	batch.Queue(positionSQL, position.Revision).Query(func(rows pgx.Rows) error {
		times, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
		if len(times) > 0 {
			stored = &times[0]
		}
		return err
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return head, err
	}
	switch {
	case head.Log != position.Log:
		return head, expired("it is of another log: the database was replaced")
	case position.Revision < head.Floor:
		return head, expired("changes up to revision %d are no longer kept", head.Floor)
	case position.Revision > head.Revision, stored != nil && !stored.Equal(position.Time), stored == nil && position.Revision != head.Floor:
		return head, expired("the log took another course since: the database was restored from before revision %d", position.Revision)
	}
	return head, nil
}

// expired returns the fault for a position that is not in the log.
func expired(format string, args ...any) *fault.Error {
	f := fault.New(fault.KindOutOfRange, fault.ReasonTokenExpired, format, args...)
	f.Message = "the watch can't continue from this resume token: " + f.Message +
		"; start again without it, with include_existing to list the instances first"
	return f
}

// Check returns an error if a reader can't continue after a position. Errors: as Read.
func (s *Store) Check(ctx context.Context, position inventory.LogPosition) error {
	return s.db.Read(ctx, func(tx pgx.Tx) error {
		_, err := headAfter(ctx, tx, position)
		return err
	})
}
