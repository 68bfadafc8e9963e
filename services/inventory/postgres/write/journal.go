package write

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
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
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

// sameColumns returns the text[] of the columns that are equal in two rows of instances and of those that
// are not compared. Without these, an object of all columns is the change. NULLs in it have no effect.
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

// stageSQL creates the tables in which changes are staged. They belong to the connection and are emptied by
// each commit, because new tables for each transaction would bloat the catalog.
const stageSQL = `
	CREATE TEMPORARY TABLE IF NOT EXISTS staged_instances (LIKE instances)
	ON COMMIT DELETE ROWS;
	CREATE TEMPORARY TABLE IF NOT EXISTS staged_changes (uid uuid, type text COLLATE "C", was jsonb, became jsonb)
	ON COMMIT DELETE ROWS`

// journal has the changes that a transaction is going to write to the log: the created instances, and the rows
// of staged_changes. It is the last thing that a transaction writes before it commits.
type journal struct {
	created []uuid.UUID
	// counts are those of the created instances; nil if there are none.
	counts *tally
	staged int64
}

const (
	// advanceHeadSQL locks the head of the log until the commit, so that the transactions that write to
	// the log do so one after the other.
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

	// FewCreated is the largest number of new instances that are logged by one statement and not by COPY.
	// This saves a round trip while all other writers wait.
	FewCreated = 500

	copyCreatedSQL = `COPY changes (revision, time, uid, type, observe_time) FROM STDIN WITH (FORMAT binary)`

	logStagedSQL = `
		INSERT INTO changes (revision, time, uid, type, observe_time, was, became)
		SELECT $1 + row_number() OVER (ORDER BY uid), $2, uid, type, $3, was, became FROM staged_changes`
)

// write counts the changes, which an observation at this time found, and logs them. From then on no other
// transaction can write to the log before this one ends.
func (j *journal) write(ctx context.Context, tx pgx.Tx, observed time.Time) error {
	if err := j.count(ctx, tx); err != nil {
		return err
	}
	if len(j.created) > FewCreated {
		return j.writeMany(ctx, tx, observed)
	}
	total := int64(len(j.created)) + j.staged
	if total == 0 {
		return nil
	}
	sql := logCreatedSQL
	if j.staged > 0 { // otherwise staged_changes may not exist
		sql = logSQL
	}
	tag, err := tx.Exec(ctx, sql, total, observed, postgres.UIDs(j.created))
	return requireCount(tag.RowsAffected(), total, err)
}

func (j *journal) writeMany(ctx context.Context, tx pgx.Tx, observed time.Time) error {
	total := int64(len(j.created)) + j.staged
	var before int64
	var moment time.Time
	if err := tx.QueryRow(ctx, advanceHeadSQL, total).Scan(&before, &moment); err != nil {
		return err
	}
	// Rows in the order of the index are inserted faster.
	slices.SortFunc(j.created, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, &createdRows{uids: j.created, revision: before, time: moment, observed: observed}, copyCreatedSQL)
	if err := requireCount(tag.RowsAffected(), int64(len(j.created)), err); err != nil || j.staged == 0 {
		return err
	}
	tag, err = tx.Exec(ctx, logStagedSQL, before+int64(len(j.created)), moment, observed)
	return requireCount(tag.RowsAffected(), j.staged, err)
}

// requireCount returns an error unless as many changes were written as the head was advanced by.
func requireCount(got, want int64, err error) error {
	if err == nil && got != want {
		return fmt.Errorf("%d changes were logged in place of %d", got, want)
	}
	return err
}

// createdRows reads the rows of the log for new instances, as a binary COPY.
type createdRows struct {
	uids     []uuid.UUID
	revision int64 // of the row before the next
	time     time.Time
	observed time.Time

	started, ended bool
	buf, rest      []byte
}

// createdChunk is the number of rows that are encoded at once.
const createdChunk = 512

func (r *createdRows) Read(p []byte) (n int, err error) {
	if len(r.rest) == 0 && !r.ended {
		r.fill()
	}
	return readFrom(p, &r.rest)
}

func (r *createdRows) fill() {
	b := r.buf[:0]
	if !r.started {
		b = append(b, copyHeader...)
		r.started = true
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
