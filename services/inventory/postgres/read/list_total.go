package read

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// The largest totals that are counted exactly; larger ones are estimates. In a large table the cost of a
// count grows with the number of matches, each of which is in a page of its own, and a page of a million
// instances should take 10 ms. Pages by label need no count, and their buckets give an estimate for less.
const (
	ExactTotal      = 7000 // in a small table
	ExactLargeTotal = 1000
	ExactLabelTotal = 500
)

// SmallBytes is the largest size of a small table: about 90,000 instances, which stay in the memory of a
// Postgres with default settings.
const SmallBytes = 64 << 20

const isSmallSQL = `SELECT pg_relation_size('instances') <= $1`

// exact returns the largest exact total for this filter and order.
func (l *listing) exact() int64 {
	switch {
	case l.small:
		return ExactTotal
	case l.hasBuckets():
		return ExactLabelTotal
	}
	return ExactLargeTotal
}

// worthCounting returns the largest estimate for which the matches are counted. An estimate of Postgres may
// be twice the truth, and more for most fields: for an address it is thousands. It is good for fields with
// few values. For these a page in the order of the UID also finds enough of what is common sooner than a
// count does.
func (l *listing) worthCounting() int64 {
	switch {
	case l.small:
		return 2 * ExactTotal
	case l.hasBuckets():
		return ExactLabelTotal
	case l.query.Filter.UsesOnly(postgres.FieldsOfFewValues()...):
		return 2 * ExactLargeTotal
	}
	return 2 * ExactTotal
}

// totalKind is how the total of a first page is found.
type totalKind int

const (
	// kept: it is in instance_counts.
	kept totalKind = iota
	// estimatedFirst: the estimate of Postgres decides whether it is counted.
	estimatedFirst
	// countedAll: it is counted. This is for past times, and may take long.
	countedAll
)

func (l *listing) totalKind() totalKind {
	if !l.asOf.isNow() {
		return countedAll
	}
	if _, ok := postgres.CountsFor(l.query.Filter); ok && !l.query.ShowGone {
		return kept
	}
	return estimatedFirst
}

// keptTotalSQL adds up the counts.
func (l *listing) keptTotalSQL() (string, []any) {
	var args query.Args
	from, _ := postgres.CountsFor(l.query.Filter)
	where := l.query.Filter.On(postgres.InstanceFields).Where(&args)
	return `SELECT COALESCE(sum(count), 0)::bigint FROM ` + from + ` WHERE ` + where, args
}

// countSQL counts all matches.
func (l *listing) countSQL() (string, []any) {
	var args query.Args
	clause := "WHERE " + l.where(&args)
	return l.asOf.with(&args) + `SELECT count(*) FROM ` + l.asOf.instances(&args, clause) + ` ` + clause, args
}

// estimateSQL asks Postgres for its estimate. It reads no rows.
func (l *listing) estimateSQL() (string, []any) {
	var args query.Args
	return `EXPLAIN (FORMAT JSON) SELECT FROM instances WHERE ` + l.where(&args), args
}

// queueTotal queues the statement of the total of a first page, or of its estimate.
func (l *listing) queueTotal(batch *pgx.Batch, page *inventory.Page) {
	if l.totalKind() == estimatedFirst {
		batch.Queue(isSmallSQL, l.smallBytes).QueryRow(func(row pgx.Row) error { return row.Scan(&l.small) })
		sql, args := l.estimateSQL()
		batch.Queue(sql, args...).QueryRow(func(row pgx.Row) (err error) {
			page.TotalEstimated = true
			page.TotalSize, err = scanEstimate(row)
			return err
		})
		return
	}
	sql, args := l.countSQL()
	if l.totalKind() == kept {
		sql, args = l.keptTotalSQL()
	}
	batch.Queue(sql, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&page.TotalSize) })
}

// scanEstimate reads the number of rows from a plan.
func scanEstimate(row pgx.Row) (int64, error) {
	var text []byte
	if err := row.Scan(&text); err != nil {
		return 0, err
	}
	var plans []struct {
		Plan struct {
			Rows int64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal(text, &plans); err != nil {
		return 0, fmt.Errorf("read the plan of a list: %w", err)
	}
	if len(plans) != 1 {
		return 0, fmt.Errorf("read the plan of a list: there are %d plans", len(plans))
	}
	return plans[0].Plan.Rows, nil
}

// readFew reads a first page with its exact total if there are few matches, and reports whether it did. It
// reads the matches once for both, because an index of labels or addresses finds them in no order.
func (l *listing) readFew(ctx context.Context, tx pgx.Tx, page *inventory.Page) (ok bool, err error) {
	if page.TotalSize > l.worthCounting() {
		return false, nil
	}
	sql, args := l.fewSQL()
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return false, err
	}
	matches := fewRows{Rows: rows, limit: l.exact()}
	if err := l.readPage(&matches); err != nil {
		return false, err
	}
	if matches.total > matches.limit {
		l.atLeast = matches.total
		page.TotalSize = max(page.TotalSize, matches.total)
		return false, nil
	}
	page.TotalSize, page.TotalEstimated = matches.total, false
	return true, nil
}

// fewRows are the rows of fewSQL, or none if there are more matches than the limit.
type fewRows struct {
	pgx.Rows
	limit, total int64
}

// Next reads the next row.
func (r *fewRows) Next() bool {
	if !r.Rows.Next() {
		return false
	}
	raw := r.RawValues()
	if r.total = postgres.ReadInt8(raw[len(raw)-1]); r.total > r.limit {
		r.Close()
		return false
	}
	return true
}

// fewSQL is pageSQL of a first page with the total in the last column. The total is counted up to one more
// than the limit; in that case the page is not the right one.
func (l *listing) fewSQL() (string, []any) {
	var args query.Args
	where := l.where(&args)
	limit := args.Add(l.query.PageSize + 1)
	return `WITH matched AS MATERIALIZED (
			SELECT * FROM instances WHERE ` + where + ` LIMIT ` + args.Add(l.exact()+1) + `
		)
		SELECT ` + postgres.InstanceColumns + l.cursorSQL() + `, (SELECT count(*) FROM matched)
		FROM matched instances ORDER BY ` + l.order.OrderBy() + ` LIMIT ` + limit, args
}
