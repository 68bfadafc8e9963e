package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/accounts"
	accountspg "github.com/rollcall-dev/rollcall/services/accounts/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// pageQuery records the statement that reads a page, for EXPLAIN.
type pageQuery struct {
	sql  string
	args []any
}

func (*pageQuery) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (q *pageQuery) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	if strings.Contains(data.SQL, "ORDER BY") {
		q.sql, q.args = data.SQL, data.Args
	}
}

func (*pageQuery) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (*pageQuery) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (*pageQuery) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestList_UsesIndex reads the plans of the default order: they use the index of the key from the
// begin of the page, and do not sort.
func TestList_UsesIndex(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, at(-1))
	config, err := pgxpool.ParseConfig(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	query := &pageQuery{}
	config.ConnConfig.Tracer = query
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	exec(t, pool, fmt.Sprintf(insertedByVersion1, 1, 5000), `INSERT INTO connections (account_id) SELECT id FROM accounts`,
		`ANALYZE accounts`, `ANALYZE connections`)

	store := accountspg.New(pool)
	request := accounts.ListRequest{PageSize: 50}
	for range 3 {
		page, err := store.List(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		request.PageToken = page.NextPageToken
		plan := strings.Join(texts(t, pool, "EXPLAIN "+query.sql, query.args...), "\n")
		if !strings.Contains(plan, "using accounts_pkey") || strings.Contains(plan, "Sort") || strings.Contains(plan, "Seq Scan") {
			t.Fatalf("the page is read by\n%s", plan)
		}
	}
}

// TestList_StatusMatchesDomain compares the filter on connection.status, which is SQL, with the
// domain.
func TestList_StatusMatchesDomain(t *testing.T) {
	t.Parallel()
	pool := dbtest.New(t, at(-1)).Pool(t)
	store := accountspg.New(pool)
	outcomes := []accounts.News{
		nil,
		accounts.Finished{Outcome: accounts.Connected, EndTime: time.Now()},
		accounts.Finished{Outcome: accounts.Degraded, Reason: "API_DISABLED", EndTime: time.Now()},
		accounts.Finished{Outcome: accounts.Failed, Reason: "INTERNAL", EndTime: time.Now()},
	}
	leases := []accounts.News{nil, accounts.Syncing{Lease: time.Microsecond}, accounts.Syncing{Lease: time.Minute}, accounts.Abandoned{}}
	exec(t, pool, fmt.Sprintf(insertedByVersion1, 0, len(outcomes)*len(leases)-1))
	for i := range len(outcomes) * len(leases) {
		for token, news := range []accounts.News{outcomes[i/len(leases)], leases[i%len(leases)]} {
			if news == nil {
				continue
			}
			if _, err := store.Report(t.Context(), fmt.Sprintf("aws-%012d", i), accounts.Report{Token: int64(token + 1), News: news}); err != nil {
				t.Fatal(err)
			}
		}
	}
	total := 0
	for _, status := range []accounts.Status{accounts.Unknown, accounts.SyncRunning, accounts.Connected, accounts.Degraded, accounts.Failed} {
		page, err := store.List(t.Context(), accounts.ListRequest{Filter: "connection.status = " + string(status), PageSize: 100})
		if err != nil {
			t.Fatal(err)
		}
		if page.TotalSize == 0 {
			t.Errorf("nobody is %s", status)
		}
		total += page.TotalSize
		for _, account := range page.Accounts {
			if account.Connection.Status != status {
				t.Errorf("%s is %s, and was found as %s", account.ID, account.Connection.Status, status)
			}
		}
	}
	if total != len(outcomes)*len(leases) {
		t.Errorf("%d of %d accounts have a status", total, len(outcomes)*len(leases))
	}
}
