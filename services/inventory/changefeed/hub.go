package changefeed

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Log is the log of changes.
type Log interface {
	// Head returns where the log begins and ends now.
	Head(ctx context.Context) (inventory.LogHead, error)
	// Read reads at most limit changes after a position, and keeps those of the accounts (bare IDs; nil for all).
	// Errors: OUT_OF_RANGE with TOKEN_EXPIRED if the changes after the position are not in the log.
	Read(ctx context.Context, after inventory.LogPosition, limit int, accounts []string) (inventory.LogPage, error)
	// List reads at most limit instances that were alive at a position, in the order of their UIDs. Errors: as Read.
	List(ctx context.Context, at inventory.LogPosition, filter *query.Filter, after uuid.UUID, limit int) ([]inventory.Instance, error)
	// Check returns an error if a reader can't continue after a position. Errors: as Read.
	Check(ctx context.Context, position inventory.LogPosition) error
}

// Hub sends changes of instances to watchers. It is safe for concurrent use.
type Hub struct {
	log     Log
	config  Config
	metrics metrics
	readers chan struct{}
	// needed wakes the tail when the first watcher comes. stopping is closed to end all watchers.
	needed   chan struct{}
	stopping chan struct{}

	mu       sync.Mutex
	ring     ring
	watchers int
	topics   map[string]*topic
	// away is since when the database is unavailable; zero if it is available.
	away time.Time
	// generation counts the times that the log was replaced. Watchers of an older one end with replaced.
	generation int
	replaced   error
}

// topic has the watchers of one account, or of all ("").
type topic struct {
	waiting int
	changed chan struct{} // closed when there is something to read
}

// wake wakes all watchers of the topic.
func (t *topic) wake() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// New returns a hub. It does nothing before Run.
func New(log Log, config Config) *Hub {
	config = config.withDefaults()
	return &Hub{
		log: log, config: config, metrics: newMetrics(config.Metrics),
		readers: make(chan struct{}, maxReaders),
		needed:  make(chan struct{}, 1), stopping: make(chan struct{}),
		ring:   ring{maxEvents: config.RingEvents, maxBytes: config.RingBytes},
		topics: map[string]*topic{},
	}
}

// Run reads the log while there are watchers, until ctx ends. Then all watchers end with UNAVAILABLE.
func (h *Hub) Run(ctx context.Context) error {
	defer close(h.stopping)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.needed:
		}
		h.tail(ctx)
	}
}

// enter adds a watcher to a topic.
func (h *Hub) enter(name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers >= h.config.MaxWatchers {
		return fault.New(fault.KindResourceExhausted, fault.ReasonTooManyWatchers,
			"this replica has %d watchers, which is the limit; try again, which may reach another replica", h.watchers)
	}
	h.watchers++
	h.metrics.watchers.Inc()
	t := h.topics[name]
	if t == nil {
		t = &topic{changed: make(chan struct{})}
		h.topics[name] = t
	}
	t.waiting++
	if !h.ring.started() {
		h.wakeTail()
	}
	return nil
}

// leave removes a watcher from a topic.
func (h *Hub) leave(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watchers--
	h.metrics.watchers.Dec()
	t := h.topics[name]
	if t.waiting--; t.waiting == 0 {
		delete(h.topics, name)
	}
}

func (h *Hub) hasWatchers() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.watchers > 0
}

func (h *Hub) isAway() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.away.IsZero()
}

func (h *Hub) currentGeneration() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.generation
}

// has reports whether a position is in the ring.
func (h *Hub) has(position inventory.LogPosition) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ring.has(position)
}

// wakeAll wakes all watchers. h.mu must be held.
func (h *Hub) wakeAll() {
	for _, topic := range h.topics {
		topic.wake()
	}
}

func (h *Hub) wakeTail() {
	select {
	case h.needed <- struct{}{}:
	default:
	}
}

// inTurn runs read when few enough watchers read the database.
func (h *Hub) inTurn(ctx context.Context, read func() error) error {
	select {
	case h.readers <- struct{}{}:
		defer func() { <-h.readers }()
	case <-ctx.Done():
		return ctx.Err()
	case <-h.stopping:
		return shuttingDown()
	}
	h.metrics.pages.Inc()
	return read()
}

func shuttingDown() *fault.Error {
	return fault.New(fault.KindUnavailable, fault.ReasonShuttingDown, "this replica shuts down; resume from the last token, at another one")
}
