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

// The environment that make chaos sets.
const (
	minutesVariable = "CHAOS_MINUTES" // how long; a short run when it is not set
	seedVariable    = "CHAOS_SEED"    // of the first episode
	stepsVariable   = "CHAOS_STEPS"   // which steps of it, to replay what was shrunk
	shrinkVariable  = "CHAOS_SHRINK"  // for how many minutes a failure is shrunk; 5
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		runChild()
	}
	dbtest.Main(m)
}

// The lengths of an episode, in steps: short in make test.
const (
	shortEpisode, longEpisode = 60, 240
	// untilQuiet is how many of them come before each quiet.
	untilQuiet = 30
)

// TestChaos lets schedules loose on Rollcall: one short one, or many for as many
// minutes as CHAOS_MINUTES says.
func TestChaos(t *testing.T) {
	minutes, seed := number(t, minutesVariable, 0), number(t, seedVariable, 1)
	only, err := parseSelection(os.Getenv(stepsVariable))
	if err != nil {
		t.Fatal(err)
	}
	p := plan{seed: uint64(seed), steps: shortEpisode, quiet: untilQuiet, only: only, say: t.Logf}
	if minutes > 0 || os.Getenv(seedVariable) != "" {
		p.steps, p.say = longEpisode, tell
	}
	if minutes > 0 && os.Getenv(seedVariable) == "" {
		p.seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	for deadline := time.Now().Add(time.Duration(minutes) * time.Minute); ; p.seed++ {
		broken := p.episode(t)
		if broken != nil {
			p.fail(t, broken)
		}
		if minutes == 0 || only != nil || !time.Now().Before(deadline) {
			return
		}
	}
}

// episode runs one episode, and gives everything back.
func (p plan) episode(t *testing.T) (broken *violation) {
	t.Helper()
	began := time.Now()
	t.Run("seed "+strconv.FormatUint(p.seed, 10), func(t *testing.T) { broken = p.run(t) })
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	p.say("seed %d: the episode took %s; the harness holds %d MiB", p.seed, time.Since(began).Round(time.Second), memory.HeapAlloc>>20)
	if broken == nil && t.Failed() {
		t.FailNow() // the harness itself
	}
	return broken
}

// fail shrinks what broke a promise, and says how to see it again.
func (p plan) fail(t *testing.T, broken *violation) {
	t.Helper()
	all := p.only
	if all == nil {
		for i := range p.steps {
			all = append(all, i)
		}
	}
	deadline := time.Now().Add(time.Duration(number(t, shrinkVariable, 5)) * time.Minute)
	if os.Getenv(minutesVariable) == "" { // make test does not wait for it
		deadline = time.Now()
	}
	p.only = shrink(all, func(less selection) bool {
		if time.Now().After(deadline) {
			return false
		}
		q := p
		q.only = less
		again := q.episode(t)
		return again != nil && again.Invariant == broken.Invariant
	})
	steps := ""
	if len(p.only) < longEpisode {
		steps = fmt.Sprintf(" %s=%s", stepsVariable, p.only)
	}
	t.Fatalf("%v\n\nreplay it with\n\n    make chaos %s=%d%s\n", broken, seedVariable, p.seed, steps)
}

// tell prints at once, with the time.
func tell(format string, args ...any) {
	fmt.Printf(time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// number reads a variable.
func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s=%s is no number", variable, text)
	}
	return n
}
