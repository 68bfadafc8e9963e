package postgres

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Instances with a label are found in no order. So that a page, which is in the
// order of uid, need not read all of them, the index of labels also has the bucket
// of each: the first byte of its uid. Uids are hashes, which spreads the instances
// of any filter evenly over the buckets.
const (
	buckets  = 256
	bucketIn = `ARRAY[get_byte(uuid_send(uid), 0)] @> ARRAY[bucket]`
)

// commonLabel is how many matches are so many that going through the order of uid
// meets enough of them on its way.
const commonLabel = 100_000

// hasBuckets tells whether a page can be read bucket by bucket.
func (p *listPlan) hasBuckets() bool {
	return p.moment.isNow() && p.order.IsKey() && p.filter.Demands("labels")
}

// byBucket tells whether it is: a few matches are read faster all at once.
func (p *listPlan) byBucket() bool {
	return p.matches > exactLabelTotal && p.matches <= commonLabel && p.hasBuckets()
}

// bucketPageSQL is pageSQL that goes through the buckets, from that of the row
// before, and ends when the page is full.
func (p *listPlan) bucketPageSQL() (string, []any, error) {
	var args query.Args
	after, err := p.order.After(&args, p.cursor.After)
	if err != nil {
		return "", nil, err
	}
	from := 0
	if len(p.cursor.After) > 0 {
		from = int(uuid.MustParse(p.cursor.After[0])[0]) // After has read it
	}
	limit := args.Add(p.query.PageSize + 1)
	return `SELECT ` + instanceColumns + p.cursorSQL() + `
		FROM generate_series(` + args.Add(from) + `::int, ` + fmt.Sprint(buckets-1) + `) AS bucket
		CROSS JOIN LATERAL (
			SELECT * FROM instances WHERE ` + p.where(&args) + ` AND ` + after + ` AND ` + bucketIn + `
			ORDER BY ` + p.order.OrderBy() + ` LIMIT ` + limit + `
		) instances LIMIT ` + limit, args, nil
}

// sampleSize is about how many matches are counted to tell how many there are: 100
// tell it to about a tenth. They are looked for in a few buckets only.
const (
	sampleSize    = 100
	sampleBuckets = 16
)

// queueSample replaces the total that Postgres expects by one that the first
// buckets tell.
func (p *listPlan) queueSample(batch *pgx.Batch, page *inventory.Page) {
	sampled := min(sampleBuckets, buckets*sampleSize/p.matches+1)
	sql, args := p.sampleSQL(sampled)
	batch.Queue(sql, args...).QueryRow(func(row pgx.Row) error {
		var counted int64
		if err := row.Scan(&counted); err != nil {
			return err
		}
		page.TotalSize = max(p.atLeast, counted*buckets/sampled)
		return nil
	})
}

// sampleSQL counts the matches in the first buckets.
func (p *listPlan) sampleSQL(sampled int64) (string, []any) {
	var args query.Args
	return `SELECT sum(n)::bigint FROM generate_series(0, ` + args.Add(sampled-1) + `::int) AS bucket
		CROSS JOIN LATERAL (SELECT count(*) AS n FROM instances WHERE ` + p.where(&args) + ` AND ` + bucketIn + `) counted`, args
}
