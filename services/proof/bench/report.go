package main

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// section is a part of docs/benchmarks.md between two marks, which the bench replaces.
type section string

// median returns the median of the values that pick takes from each round.
func median[T cmp.Ordered](rounds []round, pick func(round) T) T {
	values := make([]T, 0, len(rounds))
	for _, r := range rounds {
		values = append(values, pick(r))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// The limits of a process's peak memory in megabytes, with many concurrent scopes and with one
// large scope.
const (
	syncPeak  = 300
	scopePeak = 256
)

func report(s size, rounds []round, peak int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d accounts × %d regions × (%d virtual machines + %d databases) = %d instances; %d CPUs, %s, median of %d rounds.\n\n",
		s.accounts, s.regions, s.instances, s.databases, s.total(), runtime.NumCPU(), runtime.Version(), len(rounds))
	writeSyncs(&b, rounds, "bare AWS SDK", s.total(), peak)
	return b.String()
}

// writeSyncs writes the table of rounds. client names the client that the limit is measured with,
// and peak is the memory limit.
func writeSyncs(b *strings.Builder, rounds []round, client string, total, peak int) {
	ratio := func(a, b func(round) time.Duration) float64 {
		return median(rounds, func(r round) float64 { return float64(a(r)) / float64(b(r)) })
	}
	bare := func(r round) time.Duration { return r.bare }
	first := func(r round) time.Duration { return r.first }
	again := func(r round) time.Duration { return r.again }
	b.WriteString("| figure | measured | limit of the same run |\n| --- | --- | --- |\n")
	fmt.Fprintf(b, "| first sync, to the end of the last run | %.2f × | the %s listing the same (%.0f instances/s) |\n",
		ratio(first, bare), client, float64(total)/median(rounds, bare).Seconds())
	fmt.Fprintf(b, "| unchanged re-sync | %.2f × | the %s listing the same |\n", ratio(again, bare), client)
	fmt.Fprintf(b, "| instance rows written by an unchanged re-sync | %d | 0 |\n", median(rounds, func(r round) int64 { return r.written }))
	fmt.Fprintf(b, "| write-ahead log of an unchanged re-sync, per scope | %.1f kB | all schemas and the queue counted |\n",
		median(rounds, func(r round) float64 { return float64(r.walAgain) / 1000 / float64(r.scopes) }))
	fmt.Fprintf(b, "| peak memory of the whole process, without Postgres | %d MB | %d MB |\n", median(rounds, func(r round) int64 { return r.peak })/1e6, peak)
}

// keep replaces the section's table in the file.
func (s section) keep(path, table string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := fmt.Sprintf("<!-- %s: written by make bench -->\n", s), fmt.Sprintf("<!-- end of %s -->", s)
	before, rest, found := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("%s lacks the marks %q and %q", path, begin, end)
	}
	return os.WriteFile(path, []byte(before+begin+table+end+after), 0o600) // the file exists, and keeps its mode
}
