package chaos

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// Environment variables that make chaos sets.
const (
	minutesVariable = "CHAOS_MINUTES" // minutes to run; unset: one short scenario
	seedVariable    = "CHAOS_SEED"    // seed of the first scenario
	stepsVariable   = "CHAOS_STEPS"   // selection of its steps, to replay a shrunk schedule
	shrinkVariable  = "CHAOS_SHRINK"  // maximum minutes to shrink a failing schedule; default 5
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		runChild()
	}
	dbtest.Main(m)
}

// The lengths of a scenario in steps: short in make test.
const (
	shortScenario, longScenario = 60, 240
	// untilConvergence is the number of steps before each convergence check.
	untilConvergence = 30
)

// TestChaos runs schedules against Rollcall: one short one, or as many as fit into CHAOS_MINUTES.
func TestChaos(t *testing.T) {
	minutes, seed := number(t, minutesVariable, 0), number(t, seedVariable, 1)
	only, err := parseSelection(os.Getenv(stepsVariable))
	if err != nil {
		t.Fatal(err)
	}
	p := plan{seed: uint64(seed), steps: shortScenario, interval: untilConvergence, only: only, logf: t.Logf}
	if minutes > 0 || os.Getenv(seedVariable) != "" {
		p.steps, p.logf = longScenario, printNow
	}
	if minutes > 0 && os.Getenv(seedVariable) == "" {
		p.seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	for deadline := time.Now().Add(time.Duration(minutes) * time.Minute); ; p.seed++ {
		broken := p.scenario(t)
		if broken != nil {
			p.fail(t, broken)
		}
		if minutes == 0 || only != nil || !time.Now().Before(deadline) {
			return
		}
	}
}

// scenario runs one scenario and releases its resources.
func (p plan) scenario(t *testing.T) (broken *violation) {
	t.Helper()
	began := time.Now()
	t.Run("seed "+strconv.FormatUint(p.seed, 10), func(t *testing.T) { broken = p.run(t) })
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	p.logf("seed %d: the scenario took %s; the harness uses %d MiB", p.seed, time.Since(began).Round(time.Second), memory.HeapAlloc>>20)
	if broken == nil && t.Failed() {
		t.FailNow() // the harness failed
	}
	return broken
}

// fail shrinks a schedule that violated an invariant, and fails the test with the command that
// replays it.
func (p plan) fail(t *testing.T, broken *violation) {
	t.Helper()
	all := p.only
	if all == nil {
		for i := range p.steps {
			all = append(all, i)
		}
	}
	deadline := time.Now().Add(time.Duration(number(t, shrinkVariable, 5)) * time.Minute)
	if os.Getenv(minutesVariable) == "" { // make test does not shrink
		deadline = time.Now()
	}
	p.only = shrink(all, func(less selection) bool {
		if time.Now().After(deadline) {
			return false
		}
		q := p
		q.only = less
		again := q.scenario(t)
		return again != nil && again.Invariant == broken.Invariant
	})
	steps := ""
	if len(p.only) < longScenario {
		steps = fmt.Sprintf(" %s=%s", stepsVariable, p.only)
	}
	t.Fatalf("%v\n\nreplay it with\n\n    make chaos %s=%d%s\n", broken, seedVariable, p.seed, steps)
}

// printNow prints a line with the time at once.
func printNow(format string, args ...any) {
	fmt.Printf(time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// number returns the value of an environment variable, or a default.
func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s=%s is not a number", variable, text)
	}
	return n
}
