package read

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// listing reads one page of instances.
type listing struct {
	query inventory.ListQuery
	order *query.Order
	asOf  asOf
	// matches is the expected number of matches, 0 if it is not known. There are at least atLeast.
	matches, atLeast int64
	// small reports whether the table of instances has at most smallBytes.
	small      bool
	smallBytes int64
	// take is called for each instance of the page.
	take func(*inventory.Record) error
	// after is the cursor of the last row, if there is a next page.
	after []string
}

// newListing returns the listing of a query.
func newListing(q inventory.ListQuery) *listing {
	return &listing{query: q, order: q.Order.On(postgres.InstanceFields), matches: q.Cursor.Total}
}

// ListInstances reads a page of instances.
func (s *Store) ListInstances(ctx context.Context, q inventory.ListQuery, take func(*inventory.Record) error) (inventory.Page, error) {
	l := newListing(q)
	l.take, l.smallBytes = take, s.smallBytes
	page := inventory.Page{TotalSize: q.Cursor.Total, TotalEstimated: q.Cursor.Estimated}
	err := s.db.Read(ctx, func(tx pgx.Tx) (err error) {
		if l.asOf, err = findAsOf(ctx, tx, q.AsOf, q.Cursor.AsOf); err != nil {
			return err
		}
		return l.read(ctx, tx, &page)
	})
	if err != nil {
		return inventory.Page{}, err
	}
	if l.after != nil {
		page.Next = &inventory.ListCursor{
			After: l.after, Total: page.TotalSize, Estimated: page.TotalEstimated, AsOf: l.asOf.cursor(),
		}
	}
	return page, nil
}

// read reads the whole answer, in one round trip or in two.
func (l *listing) read(ctx context.Context, tx pgx.Tx, page *inventory.Page) error {
	batch := &pgx.Batch{}
	touchedBy(l.query.Filter).queueAsOf(batch, l.asOf, l.query.MaxStaleness, &page.Freshness)
	if l.query.First {
		l.queueTotal(batch, page)
	}
	mayBeFew := l.query.First && l.totalKind() == estimatedFirst
	if !mayBeFew {
		if err := l.queuePage(batch); err != nil {
			return err
		}
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil || !mayBeFew {
		return err
	}
	if ok, err := l.readFew(ctx, tx, page); err != nil || ok {
		return err
	}
	l.matches = page.TotalSize
	batch = &pgx.Batch{}
	if err := l.queuePage(batch); err != nil {
		return err
	}
	if l.byBucket() {
		l.queueSample(batch, page)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// queuePage queues the statement of the page.
func (l *listing) queuePage(batch *pgx.Batch) error {
	sql, args, err := l.pageSQL()
	if err != nil {
		return err
	}
	batch.Queue(sql, args...).Query(l.readPage)
	return nil
}

// where returns the condition that all pages share.
func (l *listing) where(args *query.Args) string {
	return postgres.WhereInstances(l.query.Filter, l.query.ShowGone, args)
}

// pageSQL reads one row more than the page, to find out whether there is a next one.
func (l *listing) pageSQL() (string, []any, error) {
	if l.byBucket() {
		return l.bucketPageSQL()
	}
	var args query.Args
	where := l.where(&args)
	after, err := l.order.After(&args, l.query.Cursor.After)
	if err != nil {
		return "", nil, err
	}
	clause := "WHERE " + where + " AND " + after + " ORDER BY " + l.order.OrderBy() + " LIMIT " + args.Add(l.query.PageSize+1)
	return l.asOf.with(&args) + `SELECT ` + postgres.InstanceColumns + l.cursorSQL() + `
		FROM ` + l.asOf.instances(&args, clause) + ` ` + clause, args, nil
}

// cursorSQL returns the columns after InstanceColumns that a cursor is made of: none if the UID is enough.
func (l *listing) cursorSQL() string {
	if l.order.IsKey() {
		return ""
	}
	return `, ARRAY[` + strings.Join(l.order.CursorColumns(), ", ") + `]`
}

// maxPageBytes is about the largest size of a page. Clients of gRPC accept 4 MiB by default, and a page may
// have fewer instances than were asked for (AIP-158).
const maxPageBytes = 3 << 20

// readPage takes rows until the page is full. It sets l.after if there is a next page.
func (l *listing) readPage(rows pgx.Rows) error {
	var record inventory.Record
	var last lastRow
	taken, bytes := 0, 0
	return postgres.EachRow(rows, func(raw [][]byte) error {
		if l.after != nil {
			return nil
		}
		postgres.ReadRecord(&record, raw)
		bytes += record.Size()
		if taken == l.query.PageSize || taken > 0 && bytes > maxPageBytes {
			l.after = last.cursor(l.order)
			return nil
		}
		taken++
		last.keep(&record, raw[postgres.RecordColumnCount:])
		return l.take(&record)
	})
}

// lastRow keeps what a cursor is made of.
type lastRow struct {
	uid     uuid.UUID
	columns []byte // those of cursorSQL
}

func (r *lastRow) keep(record *inventory.Record, more [][]byte) {
	r.uid = record.UID
	if len(more) > 0 {
		r.columns = append(r.columns[:0], more[0]...)
	}
}

func (r *lastRow) cursor(order *query.Order) []string {
	if order.IsKey() {
		return []string{r.uid.String()}
	}
	var cursor []string
	for _, text := range postgres.ReadTexts(nil, r.columns) {
		cursor = append(cursor, string(text))
	}
	return cursor
}
