package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// The largest totals that are counted one by one; beyond them a total is an
// estimate. In a large roll counting is as dear as there is to count, a page of the
// table for each, and people wait for it: what comes back from a page of a million
// should do so in 10 ms. Of labels, pages of which need no count, the buckets tell
// the total for less.
const (
	exactTotal      = 7000 // in a small roll
	exactLargeTotal = 1000
	exactLabelTotal = 500
)

// smallRoll is how many bytes the instances of a small roll take at most: about
// 90,000 of them, which stay in the memory of a Postgres with its usual settings.
const smallRoll = 64 << 20

const isSmallSQL = `SELECT pg_relation_size('instances') <= $1`

// exact is the one that holds for this filter and order.
func (p *listPlan) exact() int64 {
	switch {
	case p.small:
		return exactTotal
	case p.hasBuckets():
		return exactLabelTotal
	}
	return exactLargeTotal
}

// worthCounting is how many Postgres may expect for the matches to be counted. It
// may well expect twice of what there is, and of most fields knows little: of an
// address it expects thousands. Of those with few values it knows how common each
// is, and a page in the order of uid soon meets enough of what is common, for less
// than finding as many in no order.
func (p *listPlan) worthCounting() int64 {
	switch {
	case p.small:
		return 2 * exactTotal
	case p.hasBuckets():
		return exactLabelTotal
	case p.filter.UsesOnly(fieldsOfFewValues()...):
		return 2 * exactLargeTotal
	}
	return 2 * exactTotal
}

// totalKind is how the total of a first page is found.
type totalKind int

const (
	// kept: instance_counts has it.
	kept totalKind = iota
	// estimatedFirst: what Postgres expects decides whether it is counted.
	estimatedFirst
	// countedAll: the past is counted one by one, however long that takes.
	countedAll
)

func (p *listPlan) totalKind() totalKind {
	if !p.moment.isNow() {
		return countedAll
	}
	if _, ok := countsFor(p.filter); ok && !p.query.ShowGone {
		return kept
	}
	return estimatedFirst
}

// keptTotalSQL sums up what is counted already.
func (p *listPlan) keptTotalSQL() (string, []any) {
	var args query.Args
	from, _ := countsFor(p.filter)
	return `SELECT COALESCE(sum(count), 0)::bigint FROM ` + from + ` WHERE ` + p.filter.Where(&args), args
}

// countSQL counts all that the filter matches.
func (p *listPlan) countSQL() (string, []any) {
	var args query.Args
	clause := "WHERE " + p.where(&args)
	return p.moment.with(&args) + `SELECT count(*) FROM ` + p.moment.instances(&args, clause) + ` ` + clause, args
}

// estimateSQL asks Postgres how many rows it expects. It reads none.
func (p *listPlan) estimateSQL() (string, []any) {
	var args query.Args
	return `EXPLAIN (FORMAT JSON) SELECT FROM instances WHERE ` + p.where(&args), args
}

// queueTotal asks for the total of a first page, or for its estimate.
func (p *listPlan) queueTotal(batch *pgx.Batch, page *inventory.Page) {
	if p.totalKind() == estimatedFirst {
		batch.Queue(isSmallSQL, p.smallRoll).QueryRow(func(row pgx.Row) error { return row.Scan(&p.small) })
		sql, args := p.estimateSQL()
		batch.Queue(sql, args...).QueryRow(func(row pgx.Row) error {
			var text []byte
			if err := row.Scan(&text); err != nil {
				return err
			}
			var plans []struct {
				Plan struct {
					Rows int64 `json:"Plan Rows"`
				}
			}
			if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
				return fmt.Errorf("read an estimate of Postgres: %w", err)
			}
			page.TotalSize, page.TotalEstimated = plans[0].Plan.Rows, true
			return nil
		})
		return
	}
	sql, args := p.countSQL()
	if p.totalKind() == kept {
		sql, args = p.keptTotalSQL()
	}
	batch.Queue(sql, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&page.TotalSize) })
}

// readFew reads a first page and its exact total when the filter matches few
// instances. ok tells whether it did. It goes through the matches once for both,
// which an index of labels or addresses finds in no order.
func (p *listPlan) readFew(ctx context.Context, tx pgx.Tx, page *inventory.Page) (ok bool, err error) {
	if page.TotalSize > p.worthCounting() {
		return false, nil
	}
	sql, args := p.fewSQL()
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return false, err
	}
	matches := fewRows{Rows: rows, most: p.exact()}
	if err := p.readPage(&matches); err != nil {
		return false, err
	}
	if matches.total > matches.most {
		p.atLeast = matches.total
		page.TotalSize = max(page.TotalSize, matches.total)
		return false, nil
	}
	page.TotalSize, page.TotalEstimated = matches.total, false
	return true, nil
}

// fewRows are the rows of fewSQL: none when there are too many of them.
type fewRows struct {
	pgx.Rows
	most, total int64
}

func (r *fewRows) Next() bool {
	if !r.Rows.Next() {
		return false
	}
	raw := r.RawValues()
	if r.total = readInt8(raw[len(raw)-1]); r.total > r.most {
		r.Close()
		return false
	}
	return true
}

// fewSQL is pageSQL of a first page with the total behind each row, counted up to
// one more than is exact: then the page is not the right one.
func (p *listPlan) fewSQL() (string, []any) {
	var args query.Args
	where := p.where(&args)
	limit := args.Add(p.query.PageSize + 1)
	return `WITH matched AS MATERIALIZED (
			SELECT * FROM instances WHERE ` + where + ` LIMIT ` + args.Add(p.exact()+1) + `
		)
		SELECT ` + instanceColumns + p.cursorSQL() + `, (SELECT count(*) FROM matched)
		FROM matched instances ORDER BY ` + p.order.OrderBy() + ` LIMIT ` + limit, args
}
