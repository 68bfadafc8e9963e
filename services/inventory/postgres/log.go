package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// comparedColumns are the columns of instances in which a change can be.
var comparedColumns = func() []string {
	columns := []string{"scope", "change_time", "content_hash", "details"}
	for _, f := range inventory.Common.Fields() {
		if f.Compared() {
			columns = append(columns, f.Name)
		}
	}
	return columns
}()

// uncomparedColumns are the others: those that never change, and bookkeeping.
var uncomparedColumns = func() []string {
	columns := []string{"uid", "fence", "observe_time"}
	for _, f := range inventory.Common.Fields() {
		if f.Stored() && f.Role == inventory.Identity {
			columns = append(columns, f.Name)
		}
	}
	return append(columns, "first_seen_time")
}()

// sameColumns is the text[] of the columns that are equal in two rows of
// instances, and of those that are not compared: what is left of an object of
// all columns is the change. A NULL in it takes nothing away.
func sameColumns(one, other string) string {
	var columns []string
	for _, column := range uncomparedColumns {
		columns = append(columns, "'"+column+"'")
	}
	for _, column := range comparedColumns {
		columns = append(columns, fmt.Sprintf("CASE WHEN %[1]s.%[3]s IS NOT DISTINCT FROM %[2]s.%[3]s THEN '%[3]s' END", one, other, column))
	}
	return "ARRAY[" + strings.Join(columns, ", ") + "]"
}

// stageSQL makes the tables by way of which changes are written. They belong to
// the connection and are emptied by each commit: making them each time would
// litter the catalogue.
const stageSQL = `
	CREATE TEMPORARY TABLE IF NOT EXISTS staged_instances (LIKE instances)
	ON COMMIT DELETE ROWS;
	CREATE TEMPORARY TABLE IF NOT EXISTS staged_changes (uid uuid, type text COLLATE "C", was jsonb, became jsonb)
	ON COMMIT DELETE ROWS`

// journal is what a transaction will write to the log of changes: what was
// created, and what stands in staged_changes. A transaction writes one, as the
// last thing before it commits.
type journal struct {
	created []uuid.UUID
	// counts are those of the created ones; nil: there are none.
	counts *tally
	staged int64
}

const (
	// Everyone who writes to the log comes by here, one after the other, and
	// stays until the commit.
	advanceHeadSQL = `
		UPDATE change_head SET revision = revision + $1, time = GREATEST(time, clock_timestamp())
		RETURNING revision - $1 AS before, time`

	logSQL = `
		WITH head AS (` + advanceHeadSQL + `)
		INSERT INTO changes (revision, time, uid, type, observe_time, was, became)
		SELECT head.before + row_number() OVER (ORDER BY c.uid), head.time, c.uid, c.type, $2, c.was, c.became
		FROM head, (
			SELECT uid, 'CREATED' AS type, NULL::jsonb AS was, NULL::jsonb AS became FROM unnest($3::uuid[]) uid
			UNION ALL
			SELECT uid, type, was, became FROM staged_changes
		) c`

	logCreatedSQL = `
		WITH head AS (` + advanceHeadSQL + `)
		INSERT INTO changes (revision, time, uid, type, observe_time)
		SELECT head.before + row_number() OVER (ORDER BY uid), head.time, uid, 'CREATED', $2
		FROM head, unnest($3::uuid[]) uid`

	// fewCreated is how many new instances are logged by a statement and not by
	// COPY: one way to the database less while all others wait.
	fewCreated = 500

	copyCreatedSQL = `COPY changes (revision, time, uid, type, observe_time) FROM STDIN WITH (FORMAT binary)`

	logStagedSQL = `
		INSERT INTO changes (revision, time, uid, type, observe_time, was, became)
		SELECT $1 + row_number() OVER (ORDER BY uid), $2, uid, type, $3, was, became FROM staged_changes`
)

// write counts the changes, which an observation at this time found, and logs
// them. From there to the end of the transaction no one else can write to the log.
func (j *journal) write(ctx context.Context, tx pgx.Tx, observed time.Time) error {
	if err := j.count(ctx, tx); err != nil {
		return err
	}
	if len(j.created) > fewCreated {
		return j.writeMany(ctx, tx, observed)
	}
	total := int64(len(j.created)) + j.staged
	if total == 0 {
		return nil
	}
	sql := logCreatedSQL
	if j.staged > 0 { // the table is there
		sql = logSQL
	}
	tag, err := tx.Exec(ctx, sql, total, observed, plain(j.created))
	return counted(tag.RowsAffected(), total, err)
}

func (j *journal) writeMany(ctx context.Context, tx pgx.Tx, observed time.Time) error {
	total := int64(len(j.created)) + j.staged
	var before int64
	var moment time.Time
	if err := tx.QueryRow(ctx, advanceHeadSQL, total).Scan(&before, &moment); err != nil {
		return err
	}
	// In the order of the index, which takes them in all the faster.
	slices.SortFunc(j.created, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, &createdRows{uids: j.created, revision: before, time: moment, observed: observed}, copyCreatedSQL)
	if err := counted(tag.RowsAffected(), int64(len(j.created)), err); err != nil || j.staged == 0 {
		return err
	}
	tag, err = tx.Exec(ctx, logStagedSQL, before+int64(len(j.created)), moment, observed)
	return counted(tag.RowsAffected(), j.staged, err)
}

// counted holds the log to what the head was moved on by: no hole, none too many.
func counted(got, want int64, err error) error {
	if err == nil && got != want {
		return fmt.Errorf("the log took %d changes, and %d were made", got, want)
	}
	return err
}

// createdRows are the rows of the log for new instances, as a binary COPY.
type createdRows struct {
	uids     []uuid.UUID
	revision int64 // before the first
	time     time.Time
	observed time.Time

	begun, ended bool
	buf, rest    []byte
}

// createdChunk is how many rows are made at once.
const createdChunk = 512

func (r *createdRows) Read(p []byte) (n int, err error) {
	if len(r.rest) == 0 && !r.ended {
		r.fill()
	}
	return bytesRead(p, &r.rest)
}

func (r *createdRows) fill() {
	b := r.buf[:0]
	if !r.begun {
		b = append(b, copyHeader...)
		r.begun = true
	}
	chunk := r.uids[:min(len(r.uids), createdChunk)]
	r.uids = r.uids[len(chunk):]
	for n := range chunk {
		r.revision++
		b = binary.BigEndian.AppendUint16(b, 5)
		b = appendInt8(b, r.revision)
		b = appendTime(b, r.time)
		b = appendBytes(b, chunk[n][:])
		b = appendText(b, "CREATED")
		b = appendTime(b, r.observed)
	}
	if len(r.uids) == 0 {
		b = append(b, copyTrailer...)
		r.ended = true
	}
	r.buf, r.rest = b, b
}
