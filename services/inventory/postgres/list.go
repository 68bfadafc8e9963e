package postgres

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// instanceCursor is what a page token of ListInstances carries.
type instanceCursor struct {
	After []string `json:"a"`
	// Total is counted for the first page only, or Estimated.
	Total     int64 `json:"t"`
	Estimated bool  `json:"e,omitempty"`
	// Past is where all pages of a past time are read.
	Past *pin `json:"p,omitempty"`
}

// listPlan is a ListQuery that was understood.
type listPlan struct {
	query       inventory.ListQuery
	filter      *query.Filter
	order       *query.Order
	fingerprint string
	first       bool
	cursor      instanceCursor
	moment      moment
	// matches is about how many match, as far as is known; 0 where nothing asks.
	// At least so many do as atLeast says.
	matches, atLeast int64
	// small tells whether the roll is, which has at most smallRoll bytes.
	small     bool
	smallRoll int64
	// take is given the instances of the page.
	take func(*Record) error
	// next is where the page after begins; nil: there is none.
	next *instanceCursor
}

func planList(q inventory.ListQuery) (listPlan, error) {
	p := listPlan{query: q, first: q.PageToken == ""}
	var err error
	if p.filter, err = instanceFields.ParseFilter(q.Filter); err != nil {
		return p, err
	}
	if p.order, err = instanceFields.ParseOrder(q.OrderBy); err != nil {
		return p, err
	}
	asOf := ""
	if !q.AsOf.IsZero() {
		asOf = q.AsOf.UTC().Format(time.RFC3339Nano)
	}
	p.fingerprint = query.Fingerprint("instances", q.Filter, q.OrderBy, strconv.FormatBool(q.ShowGone), asOf)
	err = query.DecodeToken(q.PageToken, p.fingerprint, &p.cursor)
	p.matches = p.cursor.Total
	return p, err
}

// ListInstances reads a page of instances, which it gives to take one by one, with
// how fresh it is and how many there are, all as of one moment. Errors: that of
// take; INVALID_ARGUMENT with the place of the mistake; FAILED_PRECONDITION with inventory.ReasonTooStale when
// MaxStaleness can't be met; OUT_OF_RANGE with inventory.ReasonHistoryExpired
// when history does not reach back to AsOf.
func (s *Store) ListInstances(ctx context.Context, q inventory.ListQuery, take func(*Record) error) (inventory.Page, error) {
	plan, err := planList(q)
	if err != nil {
		return inventory.Page{}, err
	}
	plan.take, plan.smallRoll = take, s.smallRoll
	page := inventory.Page{TotalSize: plan.cursor.Total, TotalEstimated: plan.cursor.Estimated}
	err = s.read(ctx, func(tx pgx.Tx) error {
		if plan.moment, err = momentOf(ctx, tx, q.AsOf, plan.cursor.Past); err != nil {
			return err
		}
		return plan.read(ctx, tx, &page)
	})
	if err != nil {
		return inventory.Page{}, err
	}
	if plan.next != nil {
		plan.next.Total, plan.next.Estimated, plan.next.Past = page.TotalSize, page.TotalEstimated, plan.moment.pin()
		page.NextPageToken = query.EncodeToken(plan.fingerprint, plan.next)
	}
	return page, nil
}

// read reads all of the answer: in one round trip, or in two when the total of a
// first page is not known before.
func (p *listPlan) read(ctx context.Context, tx pgx.Tx, page *inventory.Page) error {
	batch := &pgx.Batch{}
	touched(p.filter).queueAt(batch, p.moment, p.query.MaxStaleness, &page.Freshness)
	if p.first {
		p.queueTotal(batch, page)
	}
	mayBeFew := p.first && p.totalKind() == estimatedFirst
	if !mayBeFew {
		if err := p.queuePage(batch); err != nil {
			return err
		}
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil || !mayBeFew {
		return err
	}
	if ok, err := p.readFew(ctx, tx, page); err != nil || ok {
		return err
	}
	p.matches = page.TotalSize
	batch = &pgx.Batch{}
	if err := p.queuePage(batch); err != nil {
		return err
	}
	if p.byBucket() {
		p.queueSample(batch, page)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// queuePage asks for the page.
func (p *listPlan) queuePage(batch *pgx.Batch) error {
	sql, args, err := p.pageSQL()
	if err != nil {
		return err
	}
	batch.Queue(sql, args...).Query(p.readPage)
	return nil
}

// where are the conditions that all pages share.
func (p *listPlan) where(args *query.Args) string {
	return whereInstances(p.filter, p.query.ShowGone, args)
}

func whereInstances(filter *query.Filter, showGone bool, args *query.Args) string {
	where := filter.Where(args)
	if !showGone {
		where += " AND gone_time IS NULL"
	}
	return where
}

// pageSQL reads one row more than the page, to know whether there is a next one.
func (p *listPlan) pageSQL() (string, []any, error) {
	if p.byBucket() {
		return p.bucketPageSQL()
	}
	var args query.Args
	where := p.where(&args)
	after, err := p.order.After(&args, p.cursor.After)
	if err != nil {
		return "", nil, err
	}
	clause := "WHERE " + where + " AND " + after + " ORDER BY " + p.order.OrderBy() + " LIMIT " + args.Add(p.query.PageSize+1)
	return p.moment.with(&args) + `SELECT ` + instanceColumns + p.cursorSQL() + `
		FROM ` + p.moment.instances(&args, clause) + ` ` + clause, args, nil
}

// cursorSQL are the columns behind instanceColumns from which a page token says
// where a row is: none when its uid does.
func (p *listPlan) cursorSQL() string {
	if p.order.IsKey() {
		return ""
	}
	return `, ARRAY[` + strings.Join(p.order.CursorColumns(), ", ") + `]`
}

// maxPageBytes is about how large a page may get. Clients of gRPC take 4 MiB
// unless they were told otherwise; a page of fewer instances than were asked for
// is no mistake (AIP-158).
const maxPageBytes = 3 << 20

// readPage takes rows until the page is full, and leaves in the plan where the
// next one begins, if there is more.
func (p *listPlan) readPage(rows pgx.Rows) error {
	var record Record
	var last lastRow
	taken, bytes := 0, 0
	return eachRow(rows, func(raw [][]byte) error {
		if p.next != nil {
			return nil
		}
		record.read(raw)
		bytes += record.size()
		if taken == p.query.PageSize || taken > 0 && bytes > maxPageBytes {
			p.next = &instanceCursor{After: last.cursor(p.order)}
			return nil
		}
		taken++
		last.keep(&record, raw[instanceColumnCount:])
		return p.take(&record)
	})
}

// lastRow is what a cursor is made of.
type lastRow struct {
	uid     uuid.UUID
	columns []byte // of cursorSQL
}

func (l *lastRow) keep(record *Record, more [][]byte) {
	l.uid = record.UID
	if len(more) > 0 {
		l.columns = append(l.columns[:0], more[0]...)
	}
}

func (l *lastRow) cursor(order *query.Order) []string {
	if order.IsKey() {
		return []string{l.uid.String()}
	}
	return copied(readTexts(nil, l.columns))
}
