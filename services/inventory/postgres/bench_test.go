package postgres_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// scopeSize is the number of instances of a large scope.
const scopeSize = 100_000

// BenchmarkApplySnapshot compares a snapshot of 100,000 instances with a plain COPY of the same rows
// into the same indexed table, in the same run. It reports
//
//	first/copy       the speed of a first snapshot, in relation to that of the COPY
//	unchanged/first  how many times faster an unchanged snapshot is
//	wal-B            the write-ahead log of the unchanged snapshot
func BenchmarkApplySnapshot(b *testing.B) {
	store, pool := open(b)
	instances := make([]inventory.Instance, scopeSize)
	for n := range instances {
		instances[n] = machine("eu-west-1", n)
	}
	var copied, first, unchanged time.Duration
	wal := int64(1) << 62
	fence := int64(1)
	rows := tableAsCopy(b, store, pool, instances)
	for b.Loop() {
		empty(b, pool)
		copied += timed(func() { copyIn(b, pool, rows) })
		empty(b, pool)
		first += timed(func() { apply(b, store, observation("aws-1", "eu-west-1", fence), instances...) })
		settle(b, pool)
		for range 3 {
			fence++
			before := walPosition(b, pool)
			unchanged += timed(func() { apply(b, store, observation("aws-1", "eu-west-1", fence), instances...) }) / 3
			wal = min(wal, walPosition(b, pool)-before) // without what the server wrote for others
		}
		fence++
	}
	b.ReportMetric(copied.Seconds()/first.Seconds(), "first/copy")
	b.ReportMetric(first.Seconds()/unchanged.Seconds(), "unchanged/first")
	b.ReportMetric(float64(wal), "wal-B")
	b.ReportMetric(float64(b.N)*scopeSize/first.Seconds(), "first-rows/s")
	b.ReportMetric(float64(b.N)*scopeSize/copied.Seconds(), "copy-rows/s")
	b.ReportMetric(0, "ns/op")
}

func timed(fn func()) time.Duration {
	start := time.Now()
	fn()
	return time.Since(start)
}

// tableAsCopy returns the table with these instances, as the data of a binary COPY.
func tableAsCopy(b *testing.B, store *store, pool *pgxpool.Pool, instances []inventory.Instance) []byte {
	b.Helper()
	apply(b, store, observation("aws-1", "eu-west-1", 1), instances...)
	conn, err := pool.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Release()
	var data bytes.Buffer
	if _, err := conn.Conn().PgConn().CopyTo(b.Context(), &data, `COPY instances TO STDOUT WITH (FORMAT binary)`); err != nil {
		b.Fatal(err)
	}
	return data.Bytes()
}

func copyIn(b *testing.B, pool *pgxpool.Pool, data []byte) {
	b.Helper()
	conn, err := pool.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Conn().PgConn().CopyFrom(b.Context(), bytes.NewReader(data), `COPY instances FROM STDIN WITH (FORMAT binary)`); err != nil {
		b.Fatal(err)
	}
}

func empty(b *testing.B, pool *pgxpool.Pool) {
	b.Helper()
	exec(b, pool, `TRUNCATE instances, instance_counts, scopes, absences, changes`)
}

// settle does what autovacuum does soon.
func settle(b *testing.B, pool *pgxpool.Pool) {
	b.Helper()
	exec(b, pool, `VACUUM ANALYZE instances`)
}

func exec(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func walPosition(t testing.TB, pool *pgxpool.Pool) (position int64) {
	t.Helper()
	const sql = `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint`
	if err := pool.QueryRow(context.Background(), sql).Scan(&position); err != nil {
		t.Fatal(err)
	}
	return position
}
