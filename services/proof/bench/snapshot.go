package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/perf/benchfmt"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// The benchmark of snapshots is beside the code of the inventory; its comments define the units.
const (
	snapshotPackage   = "github.com/rollcall-dev/rollcall/services/inventory/postgres"
	snapshotBenchmark = "BenchmarkApplySnapshot"
	// snapshotTimes is the number of iterations, in one process.
	snapshotTimes = "5x"
)

// snapshotFigures are the reported units with their limits.
var snapshotFigures = []struct{ unit, figure, limit, format string }{
	{"first/copy", "first snapshot of 100,000 instances, speed", "plain COPY into the same indexed table; aim ≥ 0.70", "%.2f ×"},
	{"unchanged/first", "unchanged snapshot, speed", "the first; aim ≥ 20", "%.0f ×"},
	{"wal-B", "write-ahead log of an unchanged snapshot", "10 kB", "%.0f B"},
}

// measureSnapshots runs the inventory's benchmark and returns its table, with the service's memory
// use for the same snapshot.
func measureSnapshots(ctx context.Context, program string) (string, error) {
	table, err := benchmarkSnapshots(ctx)
	if err != nil {
		return "", err
	}
	peak, err := applyingMemory(ctx, program)
	if err != nil {
		return "", err
	}
	return table + fmt.Sprintf("| peak memory of inventory while it applies a scope of 100,000 | %d MB | 256 MB |\n", peak/1e6), nil
}

// appliedScope is the number of instances in the scope for which memory is measured.
const appliedScope = 100_000

// applyingMemory returns the peak memory of the inventory service while it applies a scope, applies
// it again without changes, and again with a change of every instance.
func applyingMemory(ctx context.Context, program string) (int64, error) {
	inventory, err := startInventory(ctx, program)
	if err != nil {
		return 0, err
	}
	defer inventory.stop()
	for n, machineType := range []string{"m6i.large", "m6i.large", "m6i.xlarge"} {
		err := observe(ctx, inventory.ingest, 0, readRegion(0), int64(n)+1, appliedScope, func(n int) *inventoryv1.Instance {
			instance := readInstance(n, 0)
			instance.MachineType = machineType
			return instance
		})
		if err != nil {
			return 0, err
		}
	}
	return peakMemory(inventory.cmd)
}

// benchmarkSnapshots runs the benchmark and returns its table.
func benchmarkSnapshots(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^"+snapshotBenchmark+"$", "-benchtime", snapshotTimes, snapshotPackage)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", snapshotBenchmark, err, out)
	}
	reader := benchfmt.NewReader(bytes.NewReader(out), snapshotBenchmark)
	for reader.Scan() {
		if result, ok := reader.Result().(*benchfmt.Result); ok {
			return snapshotTable(result)
		}
	}
	return "", errors.Join(fmt.Errorf("%s printed no result:\n%s", snapshotBenchmark, out), reader.Err())
}

func snapshotTable(result *benchfmt.Result) (string, error) {
	var b strings.Builder
	b.WriteString("| figure | measured | limit of the same run |\n| --- | --- | --- |\n")
	for _, f := range snapshotFigures {
		value, ok := result.Value(f.unit)
		if !ok {
			return "", fmt.Errorf("%s does not report %s", snapshotBenchmark, f.unit)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.figure, fmt.Sprintf(f.format, value), f.limit)
	}
	return b.String(), nil
}
