package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const logHeadSQL = `SELECT log_id, revision, time, floor_revision, floor_time FROM change_head`

// LogHead says where the log of changes ends now.
func (s *Store) LogHead(ctx context.Context) (inventory.LogHead, error) {
	head, err := scanHead(s.pool.QueryRow(ctx, logHeadSQL))
	return head, kit.Fault(err)
}

func scanHead(row pgx.Row) (head inventory.LogHead, err error) {
	err = row.Scan(&head.Log, &head.Revision, &head.Time, &head.Floor, &head.FloorTime)
	return head, err
}

const (
	placeSQL = `SELECT time FROM changes WHERE revision = $1`

	// What the changes of a range come to, so that a hole is noticed.
	rangeSQL = `
		SELECT count(*), max(time) FROM changes WHERE revision > $1 AND revision <= $2 AND time >= $3`

	pageOfLogSQL = `(SELECT * FROM changes WHERE revision > $1 AND revision <= $2 AND time >= $3)`
)

// logImageSQL reads changes with what was around them. Of when the instance was
// looked at before, the log says nothing.
var logImageSQL = `
	SELECT ` + imageColumns("after", "log.observe_time") + `, ` + imageColumns("before", "NULL::timestamptz") + `,
		log.revision, log.time, log.type, log.observe_time
	FROM ` + changeImages(pageOfLogSQL) + `
	WHERE $4::text[] IS NULL OR i.account = ANY ($4)
	ORDER BY log.revision`

// ReadLog reads at most so many changes after a place, and of them keeps those of
// the accounts (bare ids; nil: all). Errors: OUT_OF_RANGE with
// inventory.ReasonTokenExpired when what follows the place is not in the log.
func (s *Store) ReadLog(ctx context.Context, after inventory.LogPlace, most int, accounts []string) (inventory.LogPage, error) {
	var page inventory.LogPage
	err := s.read(ctx, func(tx pgx.Tx) (err error) {
		if page.Head, err = headAfter(ctx, tx, after); err != nil || page.Head.Revision == after.Revision {
			page.UpTo = after
			return err
		}
		page.UpTo = inventory.LogPlace{Log: after.Log, Revision: min(after.Revision+int64(most), page.Head.Revision)}
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
		batch.Queue(logImageSQL, after.Revision, page.UpTo.Revision, after.Time, accounts).Query(func(rows pgx.Rows) error {
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
	var record Record
	err = eachRow(rows, func(raw [][]byte) error {
		record.read(raw)
		after, err := record.Instance()
		if err != nil {
			return err
		}
		record.read(raw[instanceColumnCount:])
		before, err := record.Instance()
		if err != nil {
			return err
		}
		more := raw[2*instanceColumnCount:]
		change := inventory.LoggedChange{
			LogPlace: inventory.LogPlace{Log: log, Revision: readInt8(more[0]), Time: readTime(more[1])},
			Type:     inventory.ChangeType(more[2]), ObserveTime: readTime(more[3]), After: &after, Before: &before,
		}
		if change.Type == inventory.Created {
			change.Before = nil
		}
		changes = append(changes, change)
		return nil
	})
	return changes, err
}

// headAfter is the head of the log, for a reader who goes on after a place:
// which must be in this log, and all that follows it too.
func headAfter(ctx context.Context, tx pgx.Tx, place inventory.LogPlace) (inventory.LogHead, error) {
	batch := &pgx.Batch{}
	var head inventory.LogHead
	var of *time.Time
	batch.Queue(logHeadSQL).QueryRow(func(row pgx.Row) (err error) {
		head, err = scanHead(row)
		return err
	})
	batch.Queue(placeSQL, place.Revision).Query(func(rows pgx.Rows) error {
		times, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
		if len(times) > 0 {
			of = &times[0]
		}
		return err
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return head, err
	}
	switch {
	case head.Log != place.Log:
		return head, expired("it is of another log: the database was replaced")
	case place.Revision < head.Floor:
		return head, expired("changes up to revision %d are no longer kept", head.Floor)
	case place.Revision > head.Revision, of != nil && !of.Equal(place.Time), of == nil && place.Revision != head.Floor:
		return head, expired("the log went another way since: the database was restored from before revision %d", place.Revision)
	}
	return head, nil
}

// expired says why a place is not in the log, and what to do.
func expired(format string, args ...any) *fault.Error {
	f := fault.New(fault.KindOutOfRange, inventory.ReasonTokenExpired, format, args...)
	f.Message = "the watch can't go on from this resume token: " + f.Message +
		"; begin anew without it, with include_existing to list what is there first"
	return f
}

// CheckPlace tells whether a reader can go on after a place of the log. Errors as
// of ReadLog.
func (s *Store) CheckPlace(ctx context.Context, place inventory.LogPlace) error {
	return s.read(ctx, func(tx pgx.Tx) error {
		_, err := headAfter(ctx, tx, place)
		return err
	})
}
