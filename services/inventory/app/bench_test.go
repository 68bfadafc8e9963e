package app_test

import (
	"testing"
	"time"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// BenchmarkIngestOverGRPC sends a scope of 100,000 instances through the service as discovery
// does: a first sync, and then one without changes. It reports rates in instances per second, and
// how many times faster the second is. Both include the time of gRPC on both ends, in this one
// process.
func BenchmarkIngestOverGRPC(b *testing.B) {
	const size, batch = 100_000, 1000
	s := start(b)
	messages := []*inventoryv1.ApplySnapshotRequest{nil}
	for n := 0; n < size; n += batch {
		messages = append(messages, seen(machines(region, n, n+batch)...))
	}
	messages = append(messages, complete(size))
	pool := s.db.Pool(b)
	var first, unchanged time.Duration
	for b.Loop() {
		if _, err := pool.Exec(b.Context(), `TRUNCATE instances, instance_counts, scopes, absences, changes`); err != nil {
			b.Fatal(err)
		}
		for fence, took := range []*time.Duration{&first, &unchanged} {
			messages[0] = begin(observation(account, region, int64(fence+1)))
			began := time.Now()
			if _, err := s.send(b, messages...); err != nil {
				b.Fatal(err)
			}
			*took += time.Since(began)
		}
	}
	b.ReportMetric(float64(b.N)*size/first.Seconds(), "first-rows/s")
	b.ReportMetric(float64(b.N)*size/unchanged.Seconds(), "unchanged-rows/s")
	b.ReportMetric(first.Seconds()/unchanged.Seconds(), "unchanged/first")
	b.ReportMetric(0, "ns/op")
}
