package postgres

import (
	"context"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// fields returns the fields that filters and orders may name. There are thousands of accounts at
// most, so no index beside the keys is worth its cost. The fields are built when they are first
// needed, because they include the id of each registered cloud.
var fields = sync.OnceValue(func() *query.Schema {
	all := []query.Field{
		{Path: "name", Column: "a.id", Type: query.String, Prefix: accounts.Name(""), Key: true, Search: true},
		{Path: "display_name", Column: "a.display_name", Type: query.String, Sortable: true, Search: true},
		{Path: "provider", Column: "a.provider", Type: query.Enum(providers()...)},
		{Path: "paused", Column: "a.paused", Type: query.Bool},
		{Path: "read_only", Column: "a.read_only", Type: query.Bool},
		{Path: "labels", Column: "a.labels", Type: query.StringMap},
		{Path: "create_time", Column: "a.create_time", Type: query.Timestamp, Sortable: true},
		{Path: "update_time", Column: "a.update_time", Type: query.Timestamp, Sortable: true},
	}
	for _, d := range registry.All() {
		all = append(all, query.Field{
			Path: d.Account.IDPath(), Column: "CASE WHEN a.provider = '" + string(d.Provider) + "' THEN a.cloud_id END",
			Type: query.String, Nullable: true, Search: true,
		})
	}
	return query.New(append(all, query.Field{
		// The rule of accounts.ConnectionState.At.
		Path:   "connection.status",
		Column: "CASE WHEN c.syncing_until > now() THEN 'SYNCING' ELSE coalesce(c.outcome, 'UNKNOWN') END",
		Type:   query.Enum("UNKNOWN", "SYNCING", "CONNECTED", "DEGRADED", "FAILED"),
	})...)
})

// providers returns the names of the registered clouds, as the contract spells them.
func providers() (names []string) {
	for _, provider := range registry.Providers() {
		names = append(names, string(provider))
	}
	return names
}

// List returns one page of accounts. A page begins after the last account of the page before, so
// accounts that are created or deleted in between make no other appear twice or be missed. A
// filter, order or token that can't be parsed is a fault.
func (s *Store) List(ctx context.Context, request accounts.ListRequest) (*accounts.Page, error) {
	filter, err := fields().ParseFilter(request.Filter)
	if err != nil {
		return nil, err
	}
	order, err := fields().ParseOrder(request.OrderBy)
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

// readPage reads at most size accounts after cursor, and returns the cursor of the last one if there
// are more.
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
