package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// newestFirst is the order of all lists: ids grow with time.
const newestFirst = "name desc"

// list describes a list of resources.
type list[T any] struct {
	columns, from string
	// fields are those that a filter may name.
	fields *query.Schema
	// scan reads a row, and more columns behind those of the list.
	scan func(row pgx.Row, more ...any) (T, error)
}

// page returns one page of a list, newest first, and the token of the next one.
func page[T any](ctx context.Context, s *Store, l list[T], filter, token string, size int) (all []T, next string, err error) {
	parsed, err := l.fields.ParseFilter(filter)
	if err != nil {
		return nil, "", err
	}
	order, err := l.fields.ParseOrder(newestFirst)
	if err != nil {
		return nil, "", err
	}
	fingerprint := query.Fingerprint(filter)
	var cursor []string
	if err := query.DecodeToken(token, fingerprint, &cursor); err != nil {
		return nil, "", err
	}
	var args query.Args
	after, err := order.After(&args, cursor)
	if err != nil {
		return nil, "", err
	}
	sql := `SELECT` + l.columns + `, ARRAY[` + strings.Join(order.CursorColumns(), ", ") + `] FROM` + l.from +
		` WHERE ` + after + ` AND ` + parsed.Where(&args) + ` ORDER BY ` + order.OrderBy() + ` LIMIT ` + args.Add(size+1)
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, "", postgres.Fault(err)
	}
	var cursors [][]string
	all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) {
		var cursor []string
		one, err := l.scan(row, &cursor)
		cursors = append(cursors, cursor)
		return one, err
	})
	if len(all) > size {
		all, next = all[:size], query.EncodeToken(fingerprint, cursors[size-1])
	}
	return all, next, postgres.Fault(err)
}
