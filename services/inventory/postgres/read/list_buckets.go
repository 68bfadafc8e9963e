package read

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// An index finds the instances with a label in no order. So that a page, which is in the order of the UID,
// does not read all of them, the index of labels also has the bucket of each: the first byte of its UID. UIDs
// are hashes, so the matches of any filter are spread evenly over the buckets.
const (
	buckets  = 256
	bucketIn = `ARRAY[get_byte(uuid_send(uid), 0)] @> ARRAY[bucket]`
)

// commonLabel is the number of matches from which on a scan in the order of the UID finds enough of them.
const commonLabel = 100_000

// hasBuckets reports whether the page can be read bucket by bucket.
func (l *listing) hasBuckets() bool {
	return l.asOf.isNow() && l.order.IsKey() && l.query.Filter.Demands("labels")
}

// byBucket reports whether the page is read bucket by bucket. A few matches are read faster at once.
func (l *listing) byBucket() bool {
	return l.matches > ExactLabelTotal && l.matches <= commonLabel && l.hasBuckets()
}

// bucketPageSQL is pageSQL that reads one bucket after the other, from that of the row before, until the page
// is full.
func (l *listing) bucketPageSQL() (string, []any, error) {
	var args query.Args
	cursor := l.query.Cursor.After
	after, err := l.order.After(&args, cursor)
	if err != nil {
		return "", nil, err
	}
	from := 0
	if len(cursor) > 0 {
		from = int(uuid.MustParse(cursor[0])[0]) // After has checked it
	}
	limit := args.Add(l.query.PageSize + 1)
	return `SELECT ` + postgres.InstanceColumns + l.cursorSQL() + `
		FROM generate_series(` + args.Add(from) + `::int, ` + fmt.Sprint(buckets-1) + `) AS bucket
		CROSS JOIN LATERAL (
			SELECT * FROM instances WHERE ` + l.where(&args) + ` AND ` + after + ` AND ` + bucketIn + `
			ORDER BY ` + l.order.OrderBy() + ` LIMIT ` + limit + `
		) instances LIMIT ` + limit, args, nil
}

// sampleSize is about the number of matches that are counted for an estimate of the total: 100 give it to
// about a tenth. They are looked for in a few buckets only.
const (
	sampleSize    = 100
	sampleBuckets = 16
)

// queueSample replaces the estimate of Postgres by one from the first buckets.
func (l *listing) queueSample(batch *pgx.Batch, page *inventory.Page) {
	sampled := min(sampleBuckets, buckets*sampleSize/l.matches+1)
	sql, args := l.sampleSQL(sampled)
	batch.Queue(sql, args...).QueryRow(func(row pgx.Row) error {
		var counted int64
		if err := row.Scan(&counted); err != nil {
			return err
		}
		page.TotalSize = max(l.atLeast, counted*buckets/sampled)
		return nil
	})
}

// sampleSQL counts the matches in the first buckets.
func (l *listing) sampleSQL(sampled int64) (string, []any) {
	var args query.Args
	return `SELECT sum(n)::bigint FROM generate_series(0, ` + args.Add(sampled-1) + `::int) AS bucket
		CROSS JOIN LATERAL (SELECT count(*) AS n FROM instances WHERE ` + l.where(&args) + ` AND ` + bucketIn + `) counted`, args
}
