package cloudsim

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// World holds the state that all simulated clouds share. All methods are safe for concurrent use.
type World struct {
	cfg    Config
	clouds []Cloud

	faults    faults
	counters  counters
	mutations mutations

	churnMu sync.Mutex
	churn   *rand.Rand
}

// Cloud is the state of one provider in a World.
type Cloud interface {
	// Size returns the number of accounts. Churn picks a cloud with a probability proportional to
	// it.
	Size() int
	// Step changes one resource, chosen by rng, and returns what it did.
	Step(rng *rand.Rand) Event
}

// CloudConfig describes one cloud of a World.
type CloudConfig interface {
	// Check returns the first mistake in the configuration, or nil.
	Check() error
	// Build returns the cloud. New calls it once, after Check succeeded.
	Build(w *World) Cloud
}

// New returns a world with the clouds of cfg. It panics if cfg is invalid, because that is a
// mistake in the calling program; use Check to validate a configuration that a user wrote.
func New(cfg Config) *World {
	if err := cfg.Check(); err != nil {
		panic("cloudsim: " + err.Error())
	}
	cfg = cfg.complete()
	w := &World{cfg: cfg, churn: rand.New(rand.NewPCG(cfg.Seed, Hash("churn")))}
	w.faults.init(cfg.Seed)
	w.counters.init()
	for _, cloud := range cfg.Clouds {
		w.clouds = append(w.clouds, cloud.Build(w))
	}
	return w
}

// Find returns the first cloud of w with the type C. It panics if there is none.
func Find[C Cloud](w *World) C {
	for _, cloud := range w.clouds {
		if found, ok := cloud.(C); ok {
			return found
		}
	}
	panic(fmt.Sprintf("cloudsim: the world has no cloud of type %T", *new(C)))
}

// Now returns the world's time.
func (w *World) Now() time.Time { return w.cfg.Now() }

// Seed returns the seed of the world.
func (w *World) Seed() uint64 { return w.cfg.Seed }

// Epoch returns the time that generated resources are dated relative to. It is never later than the
// time at which the world was made.
func (w *World) Epoch() time.Time { return w.cfg.Epoch }

// Transition returns how long intermediate states last.
func (w *World) Transition() time.Duration { return w.cfg.Transition }

// Latency returns the delay that is added to every response.
func (w *World) Latency() time.Duration { return w.cfg.Latency }

// PageSize returns the number of items on a page of a list for a request that wants the given
// number.
func (w *World) PageSize(wanted int) int {
	if w.cfg.PageSize > 0 {
		return min(wanted, w.cfg.PageSize)
	}
	return wanted
}
