// Command bench measures Rollcall against limits taken in the same run, and
// writes the table that docs/benchmarks.md keeps. `make bench` runs it.
//
//	bench -rollcall bin/rollcall -out docs/benchmarks.md
//
// Each figure is a ratio: a first sync against the bare SDK listing the same
// from the same simulated cloud, a snapshot against COPY. The cloud, Postgres and
// Rollcall run as processes of their own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// limit bounds the whole, against hanging.
const limit = 20 * time.Minute

// size is what the simulated cloud holds.
type size struct {
	accounts, regions, instances, databases int
}

func (s size) total() int { return s.accounts * s.regions * (s.instances + s.databases) }

func main() {
	rollcall := flag.String("rollcall", "bin/rollcall", "the program to measure")
	out := flag.String("out", "", "file to write the table to; only printed when empty")
	rounds := flag.Int("rounds", 3, "rounds; each figure is the median of them")
	cloudAddr := flag.String("serve-cloud", "", "serve the simulated cloud at this address (the bench starts itself so)")
	s := size{}
	flag.IntVar(&s.accounts, "accounts", 10, "accounts")
	flag.IntVar(&s.regions, "regions", 4, "regions an account")
	flag.IntVar(&s.instances, "instances", 500, "virtual machines an account and region")
	flag.IntVar(&s.databases, "databases", 10, "databases an account and region")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rollcall, *out, *cloudAddr, *rounds, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rollcall, out, cloudAddr string, rounds int, s size) error {
	if cloudAddr != "" {
		return serveCloud(ctx, cloudAddr, s)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	syncs, err := measureSyncs(ctx, rollcall, rounds, s)
	if err != nil {
		return err
	}
	fmt.Println(syncs)
	fmt.Fprintln(os.Stderr, "snapshots of 100,000 instances")
	snapshots, err := measureSnapshots(ctx)
	if err != nil {
		return err
	}
	fmt.Println(snapshots)
	if out == "" {
		return nil
	}
	return errors.Join(syncSection.keep(out, syncs), snapshotSection.keep(out, snapshots))
}

// measureSyncs makes the table of syncs.
func measureSyncs(ctx context.Context, rollcall string, rounds int, s size) (string, error) {
	results := make([]round, 0, rounds)
	for i := range rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d: %d accounts × %d regions × %d virtual machines and %d databases\n",
			i+1, rounds, s.accounts, s.regions, s.instances, s.databases)
		r, err := measure(ctx, rollcall, s)
		if err != nil {
			return "", fmt.Errorf("round %d: %w", i+1, err)
		}
		results = append(results, r)
	}
	return report(s, results), nil
}
