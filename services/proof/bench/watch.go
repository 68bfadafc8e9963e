package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// The load under which watches are measured.
const (
	watchers        = 1000
	watchAccounts   = 100
	watchPerAccount = 10 // instances, all of which change at once
	watchRate       = 1000
	watchLasts      = 20 * time.Second
	watchAim        = 250 * time.Millisecond
	// watchPatience is the maximum duration of the last deliveries.
	watchPatience = time.Minute
)

// delivery is the time at which a watcher received a change.
type delivery struct {
	revision int64
	at       time.Time
}

// measureWatches measures the time from the commit of a change to its delivery to watchers.
func measureWatches(ctx context.Context, program string) (table string, err error) {
	inventory, err := startInventory(ctx, program)
	if err != nil {
		return "", err
	}
	defer inventory.stop()
	if err := observeAccounts(ctx, inventory.ingest); err != nil {
		return "", err
	}
	audience := &audience{received: make([][]delivery, watchers)}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var group errgroup.Group
	for n := range watchers {
		stream, err := inventory.reads.WatchInstances(watching, &inventoryv1.WatchInstancesRequest{
			Filter: fmt.Sprintf("account = %q", readAccount(n%watchAccounts))})
		if err != nil {
			return "", err
		}
		if _, err := stream.Recv(); err != nil { // the first message signals that the watch has begun
			return "", err
		}
		group.Go(func() error { return audience.listen(watching, n, stream.Recv) })
	}
	began := time.Now()
	changes, err := keepChanging(ctx, inventory.ingest)
	took := time.Since(began)
	if err == nil {
		err = audience.await(ctx, int64(changes)*watchers/watchAccounts)
	}
	stop()
	if listenErr := group.Wait(); err == nil {
		err = listenErr
	}
	if err != nil {
		return "", err
	}
	taken, err := audience.compare(ctx, inventory.databaseURL)
	if err != nil {
		return "", err
	}
	return watchTable(taken, float64(changes)/took.Seconds()), nil
}

// keepChanging changes all instances of one account after the other, at watchRate changes a second,
// and returns the number of changes.
func keepChanging(ctx context.Context, ingest inventoryv1.IngestServiceClient) (int, error) {
	tick := time.NewTicker(time.Second * watchPerAccount / watchRate)
	defer tick.Stop()
	end := time.Now().Add(watchLasts)
	// Observations of an account must not overlap: its next turn comes after all other accounts.
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	changes := 0
	for n := watchAccounts; time.Now().Before(end) && ctx.Err() == nil; n++ {
		<-tick.C
		group.Go(func() error { return observeAccount(ctx, ingest, n%watchAccounts, int64(n/watchAccounts+1)) })
		changes += watchPerAccount
	}
	return changes, group.Wait()
}

// observeAccounts observes all accounts for the first time.
func observeAccounts(ctx context.Context, ingest inventoryv1.IngestServiceClient) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for account := range watchAccounts {
		group.Go(func() error { return observeAccount(ctx, ingest, account, 1) })
	}
	return group.Wait()
}

// observeAccount observes the instances of an account, each time in another state.
func observeAccount(ctx context.Context, ingest inventoryv1.IngestServiceClient, account int, token int64) error {
	state := []inventoryv1.Instance_State{inventoryv1.Instance_RUNNING, inventoryv1.Instance_STOPPED}[token%2]
	return observe(ctx, ingest, account, readRegion(0), token, watchPerAccount, func(n int) *inventoryv1.Instance {
		instance := readInstance(account*watchPerAccount+n, 0)
		instance.State = state
		return instance
	})
}

// audience is all watchers with their deliveries.
type audience struct {
	count    atomic.Int64
	mu       sync.Mutex
	received [][]delivery
}

// listen records what one watcher receives.
func (a *audience) listen(ctx context.Context, n int, recv func() (*inventoryv1.WatchInstancesResponse, error)) error {
	var received []delivery
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.received[n] = received
	}()
	for {
		m, err := recv()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("watcher %d: %w", n, err)
		case m.GetInstance() != nil:
			received = append(received, delivery{m.GetRevision(), time.Now()})
			a.count.Add(1)
		}
	}
}

// await waits for a number of deliveries.
func (a *audience) await(ctx context.Context, want int64) error {
	ctx, cancel := context.WithTimeout(ctx, watchPatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for a.count.Load() < want {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d deliveries were made", a.count.Load(), want)
		}
	}
	return nil
}

// compare compares the deliveries with the log: every watcher must receive every change of its
// account, once and in order. It returns the latency of each.
func (a *audience) compare(ctx context.Context, databaseURL string) (latencies, error) {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `SELECT c.revision, c.time, i.account FROM changes c JOIN instances i USING (uid)
		WHERE c.type <> 'CREATED' ORDER BY c.revision`)
	if err != nil {
		return nil, err
	}
	log := map[string][]delivery{}
	var change delivery
	var account string
	if _, err := pgx.ForEachRow(rows, []any{&change.revision, &change.at, &account}, func() error {
		log["accounts/"+account] = append(log["accounts/"+account], change)
		return nil
	}); err != nil {
		return nil, err
	}
	var taken latencies
	for n, received := range a.received {
		want := log[readAccount(n%watchAccounts)]
		if len(received) != len(want) {
			return nil, fmt.Errorf("watcher %d received %d changes of %d", n, len(received), len(want))
		}
		for k, d := range received {
			if d.revision != want[k].revision {
				return nil, fmt.Errorf("watcher %d received change %d instead of %d", n, d.revision, want[k].revision)
			}
			taken = append(taken, d.at.Sub(want[k].at))
		}
	}
	return taken, nil
}

func watchTable(taken latencies, rate float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d watchers, each of one of %d accounts, %.0f changes/s in transactions of %d; %d deliveries; %d CPUs, %s.\n\n",
		watchers, watchAccounts, rate, watchPerAccount, len(taken), runtime.NumCPU(), runtime.Version())
	b.WriteString("| figure | measured | aim |\n| --- | --- | --- |\n")
	fmt.Fprintf(&b, "| commit to delivery, p50 | %d ms | |\n", taken.quantile(0.5).Milliseconds())
	fmt.Fprintf(&b, "| commit to delivery, p99 | %d ms | %d ms |\n", taken.quantile(0.99).Milliseconds(), watchAim.Milliseconds())
	b.WriteString("| lost, repeated or out of order | 0 | 0 |\n")
	return b.String()
}
