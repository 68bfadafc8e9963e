package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// fields are what a filter or an order may name. A roll counts thousands of
// accounts at the most: beside the keys, no index would earn its keep.
var fields = query.New(
	query.Field{Path: "name", Column: "a.id", Type: query.String, Prefix: accounts.Name(""), Key: true, Search: true},
	query.Field{Path: "display_name", Column: "a.display_name", Type: query.String, Sortable: true, Search: true},
	query.Field{Path: "provider", Column: "a.provider", Type: query.Enum("AWS", "GCP")},
	query.Field{Path: "paused", Column: "a.paused", Type: query.Bool},
	query.Field{Path: "read_only", Column: "a.read_only", Type: query.Bool},
	query.Field{Path: "labels", Column: "a.labels", Type: query.StringMap},
	query.Field{Path: "create_time", Column: "a.create_time", Type: query.Timestamp, Sortable: true},
	query.Field{Path: "update_time", Column: "a.update_time", Type: query.Timestamp, Sortable: true},
	query.Field{
		Path: "aws.account_id", Column: "CASE WHEN a.provider = 'AWS' THEN a.cloud_id END",
		Type: query.String, Nullable: true, Search: true,
	},
	query.Field{
		Path: "gcp.project_id", Column: "CASE WHEN a.provider = 'GCP' THEN a.cloud_id END",
		Type: query.String, Nullable: true, Search: true,
	},
	query.Field{
		// The rule of accounts.ConnectionState.At.
		Path:   "connection.status",
		Column: "CASE WHEN c.syncing_until > now() THEN 'SYNCING' ELSE coalesce(c.outcome, 'UNKNOWN') END",
		Type:   query.Enum("UNKNOWN", "SYNCING", "CONNECTED", "DEGRADED", "FAILED"),
	},
)

// List is one page of accounts. Pages go on behind the last account of the page
// before, so accounts that come or go meanwhile make no other appear twice or
// be missed. A filter, order or token that can't be read is a fault.
func (s *Store) List(ctx context.Context, request accounts.ListRequest) (*accounts.Page, error) {
	filter, err := fields.ParseFilter(request.Filter)
	if err != nil {
		return nil, err
	}
	order, err := fields.ParseOrder(request.OrderBy)
	if err != nil {
		return nil, err
	}
	fingerprint := query.Fingerprint(request.Filter, request.OrderBy)
	var cursor []string
	if err := query.DecodeToken(request.PageToken, fingerprint, &cursor); err != nil {
		return nil, err
	}
	page, next, err := s.readPage(ctx, filter, order, cursor, request.PageSize)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	if next != nil {
		page.NextPageToken = query.EncodeToken(fingerprint, next)
	}
	return page, nil
}

// readPage reads at most size accounts after cursor, and gives the cursor of the
// last when there are more.
func (s *Store) readPage(
	ctx context.Context, filter *query.Filter, order *query.Order, cursor []string, size int,
) (page *accounts.Page, next []string, err error) {
	var pageArgs, countArgs query.Args
	after, err := order.After(&pageArgs, cursor)
	if err != nil {
		return nil, nil, err
	}
	read := `SELECT` + accountColumns + `, ARRAY[` + strings.Join(order.CursorColumns(), ", ") + `]
		FROM ` + accountTables + `
		WHERE ` + after + ` AND ` + filter.Where(&pageArgs) + `
		ORDER BY ` + order.OrderBy() + `
		LIMIT ` + pageArgs.Add(size+1)
	count := `SELECT count(*) FROM ` + accountTables + ` WHERE ` + filter.Where(&countArgs)

	page = &accounts.Page{}
	batch := &pgx.Batch{}
	batch.Queue(count, countArgs...).QueryRow(func(row pgx.Row) error { return row.Scan(&page.TotalSize) })
	batch.Queue(read, pageArgs...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if len(page.Accounts) == size {
				next = cursor
				continue
			}
			account, err := scanAccount(rows, &cursor)
			if err != nil {
				return err
			}
			page.Accounts = append(page.Accounts, account)
		}
		return rows.Err()
	})
	err = s.pool.SendBatch(ctx, batch).Close()
	return page, next, err
}
