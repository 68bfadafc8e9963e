// Command bench measures Rollcall against limits from the same run, and writes the tables in
// docs/benchmarks.md. `make bench` runs it.
//
// \tbench -rollcall bin/rollcall -out docs/benchmarks.md -only sync,reads
//
// Where possible, a figure is a ratio: a first sync against the bare SDK listing the same from the
// same simulated cloud, a snapshot against COPY. The cloud, Postgres and Rollcall run as separate
// processes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// limit is the maximum duration of the whole run.
const limit = 40 * time.Minute

// size is the size of the simulated cloud.
type size struct {
	accounts, regions, instances, databases int
}

func (s size) total() int { return s.accounts * s.regions * (s.instances + s.databases) }

// parts are the measurements, each of which is a section of docs/benchmarks.md.
var parts = []struct {
	section section
	measure func(context.Context, settings) (string, error)
}{
	{"sync", measureSyncs},
	{"project", measureProjects},
	{"scope", measureLargeScope},
	{"snapshot", func(ctx context.Context, s settings) (string, error) {
		return measureSnapshots(ctx, s.program("inventory"))
	}},
	{"reads", func(ctx context.Context, s settings) (string, error) {
		return measureReads(ctx, s.program("inventory"))
	}},
	{"watch", func(ctx context.Context, s settings) (string, error) {
		return measureWatches(ctx, s.program("inventory"))
	}},
}

// settings select the measurements and the programs.
type settings struct {
	// rollcall is the path of the program to measure. The other programs are in the same folder.
	rollcall string
	rounds   int
	size     size
	// google serves a simulated Google Cloud.
	google bool
}

// program returns the path of another program.
func (s settings) program(name string) string { return filepath.Join(filepath.Dir(s.rollcall), name) }

func main() {
	s := settings{}
	flag.StringVar(&s.rollcall, "rollcall", "bin/rollcall", "the program to measure; the others must be in the same folder")
	out := flag.String("out", "", "file to write the tables to; if empty, they are only printed")
	only := flag.String("only", "", "measure only these parts, separated by commas; all if empty")
	flag.IntVar(&s.rounds, "rounds", 3, "rounds; each figure of a sync is their median")
	flag.BoolVar(&s.google, "google", false, "with -serve-cloud: serve the simulated Google Cloud instead")
	cloudAddr := flag.String("serve-cloud", "", "serve the simulated cloud at this address (the bench starts itself with this flag)")
	flag.IntVar(&s.size.accounts, "accounts", 10, "accounts")
	flag.IntVar(&s.size.regions, "regions", 4, "regions in each account")
	flag.IntVar(&s.size.instances, "instances", 500, "virtual machines in each account and region")
	flag.IntVar(&s.size.databases, "databases", 10, "databases in each account and region")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *cloudAddr == "":
		err = run(ctx, s, *only, *out)
	case s.google:
		err = serveGoogle(ctx, *cloudAddr)
	default:
		err = serveCloud(ctx, *cloudAddr, s.size)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run makes the selected measurements in order, and writes each table as soon as it is complete.
func run(ctx context.Context, s settings, only, out string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	wanted := strings.FieldsFunc(only, func(r rune) bool { return r == ',' })
	for _, part := range parts {
		if len(wanted) > 0 && !slices.Contains(wanted, string(part.section)) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s\n", part.section)
		table, err := part.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", part.section, err)
		}
		fmt.Println(table)
		if out == "" {
			continue
		}
		if err := part.section.keep(out, table); err != nil {
			return err
		}
	}
	return nil
}

// measureSyncs returns the table of syncs.
func measureSyncs(ctx context.Context, set settings) (string, error) {
	results, err := measureSize(ctx, set.rollcall, set.size, set.rounds)
	if err != nil {
		return "", err
	}
	return report(set.size, results, syncPeak), nil
}

// measureLargeScope returns the table of one region with a hundred thousand virtual machines. It
// measures once, because the result is the memory use.
func measureLargeScope(ctx context.Context, set settings) (string, error) {
	s := size{accounts: 1, regions: 1, instances: 100_000}
	results, err := measureSize(ctx, set.rollcall, s, 1)
	if err != nil {
		return "", err
	}
	return report(s, results, scopePeak), nil
}

func measureSize(ctx context.Context, rollcall string, s size, rounds int) ([]round, error) {
	what := fmt.Sprintf("%d accounts × %d regions × %d virtual machines and %d databases", s.accounts, s.regions, s.instances, s.databases)
	return measureRounds(rounds, what, func() (round, error) { return measure(ctx, rollcall, s) })
}

// measureRounds repeats a measurement, and prints its progress.
func measureRounds(rounds int, what string, measure func() (round, error)) ([]round, error) {
	results := make([]round, 0, rounds)
	for i := range rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", i+1, rounds, what)
		r, err := measure()
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", i+1, err)
		}
		results = append(results, r)
	}
	return results, nil
}
