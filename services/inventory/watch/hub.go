package watch

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// Config bounds what watching costs. Zero values are the defaults.
type Config struct {
	// PollInterval is most of what a change takes from its commit to its watchers.
	PollInterval time.Duration `name:"poll-interval" env:"ROLLCALL_WATCH_POLL_INTERVAL" default:"25ms" help:"How often the log of changes is looked at while somebody watches."`
	MaxWatchers  int           `name:"max-watchers" env:"ROLLCALL_WATCH_MAX_WATCHERS" default:"5000" help:"Most watchers at once."`
	// RingEvents and RingBytes bound the recent events in memory.
	RingEvents int `name:"ring-events" env:"ROLLCALL_WATCH_RING_EVENTS" default:"32768" help:"Most recent changes that are kept in memory for watchers."`
	RingBytes  int `name:"ring-bytes" env:"ROLLCALL_WATCH_RING_BYTES" default:"67108864" help:"Most memory that they take, in bytes."`
	// SlowLimit is how long a watcher may take nothing, or come no nearer to the
	// head of the log.
	SlowLimit time.Duration `name:"slow-limit" env:"ROLLCALL_WATCH_SLOW_LIMIT" default:"10s" help:"How long a watcher may not keep up before it is dropped."`
	AwayLimit time.Duration `name:"away-limit" env:"ROLLCALL_WATCH_AWAY_LIMIT" default:"1m" help:"How long watchers are kept when the database is away."`
	// Linger is how long the log is followed after the last watcher left. Who comes
	// back within it finds all in memory.
	Linger time.Duration `kong:"-"`
	// Logger is told when the database is away.
	Logger *slog.Logger `kong:"-"`
	// Metrics takes the metrics.
	Metrics prometheus.Registerer `kong:"-"`
}

func byDefault[T comparable](value *T, otherwise T) {
	if *value == *new(T) {
		*value = otherwise
	}
}

func (c Config) withDefaults() Config {
	byDefault(&c.PollInterval, 25*time.Millisecond)
	byDefault(&c.MaxWatchers, 5000)
	byDefault(&c.RingEvents, 32<<10)
	byDefault(&c.RingBytes, 64<<20)
	byDefault(&c.SlowLimit, 10*time.Second)
	byDefault(&c.AwayLimit, time.Minute)
	byDefault(&c.Linger, 30*time.Second)
	byDefault(&c.Logger, slog.New(slog.DiscardHandler))
	return c
}

const (
	// batchSize is how many changes the tail reads at once.
	batchSize = 500
	// pageSize is how many changes or instances a watcher reads at once that is
	// further back than the ring.
	pageSize = 200
	// readersAtOnce is how many of them read at the same time.
	readersAtOnce = 4
)

// Hub tells watchers what happens to the roll. It is safe for concurrent use.
type Hub struct {
	store   *postgres.Store
	config  Config
	metrics metrics
	readers chan struct{}
	// needed wakes the tail when the first watcher comes; stopping ends all.
	needed   chan struct{}
	stopping chan struct{}

	mu       sync.Mutex
	ring     ring
	watchers int
	topics   map[string]*topic
	// away is since when the database can't be read; zero: it can.
	away time.Time
	// broken says why those who are up to date can't go on. It is theirs alone:
	// the next generation begins anew.
	generation int
	broken     error
}

// topic is what watchers of one account wait for, or of all ("").
type topic struct {
	waiting int
	news    chan struct{} // closed when there are
}

// New is a hub on a store. Nothing happens before Run.
func New(store *postgres.Store, config Config) *Hub {
	config = config.withDefaults()
	return &Hub{
		store: store, config: config, metrics: newMetrics(config.Metrics),
		readers: make(chan struct{}, readersAtOnce),
		needed:  make(chan struct{}, 1), stopping: make(chan struct{}),
		ring:   ring{maxEvents: config.RingEvents, maxBytes: config.RingBytes},
		topics: map[string]*topic{},
	}
}

// Run follows the log while there are watchers, until ctx ends: then all watchers
// end with UNAVAILABLE.
func (h *Hub) Run(ctx context.Context) error {
	defer close(h.stopping)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.needed:
		}
		h.follow(ctx)
	}
}

// follow is the tail. It ends when nobody has watched for a while.
func (h *Hub) follow(ctx context.Context) {
	defer h.stopFollowing()
	tick := time.NewTimer(h.config.PollInterval)
	defer tick.Stop()
	var idleSince time.Time
	for {
		err := h.poll(ctx)
		h.note(err)
		tick.Reset(h.config.PollInterval)
		if err != nil {
			tick.Reset(retryInterval)
		}
		switch {
		case h.watching():
			idleSince = time.Time{}
		case idleSince.IsZero():
			idleSince = time.Now()
		case time.Since(idleSince) > h.config.Linger:
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *Hub) watching() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.watchers > 0
}

// stopFollowing forgets what was recent: it is not, when somebody comes again.
func (h *Hub) stopFollowing() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring.byAccount = nil
	h.ring.events = nil
	if h.watchers > 0 { // somebody came at the last moment
		h.wakeTail()
	}
}

func (h *Hub) wakeTail() {
	select {
	case h.needed <- struct{}{}:
	default:
	}
}

const (
	// readLimit bounds one look at the log.
	readLimit = 15 * time.Second
	// retryInterval is how often a database that is away is tried.
	retryInterval = 200 * time.Millisecond
)

func (h *Hub) head(ctx context.Context) (inventory.LogHead, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	return h.store.LogHead(ctx)
}

func (h *Hub) batch(ctx context.Context, after inventory.LogPlace) (inventory.LogPage, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	return h.store.ReadLog(ctx, after, batchSize, nil)
}

// poll takes in what is new.
func (h *Hub) poll(ctx context.Context) error {
	head, err := h.head(ctx)
	if err != nil {
		return err
	}
	at, following := h.followed()
	if !following {
		h.begin(head.LogPlace)
		return nil
	}
	for !at.Is(head.LogPlace) {
		page, err := h.batch(ctx, at)
		if fault.ReasonOf(err) == inventory.ReasonTokenExpired {
			h.begin(head.LogPlace)
			h.breakOff(err)
			return nil
		}
		if err != nil {
			return err
		}
		h.take(page)
		if at = page.UpTo; at.Revision >= head.Revision {
			return nil
		}
	}
	return nil
}

func (h *Hub) followed() (inventory.LogPlace, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ring.last, h.ring.byAccount != nil
}

// begin sets the ring to a place. Those who are not there yet read the database.
func (h *Hub) begin(at inventory.LogPlace) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring.begin(at)
	for _, topic := range h.topics {
		topic.tell()
	}
}

// breakOff ends all watchers: the log that they follow is no more.
func (h *Hub) breakOff(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.generation++
	h.broken = err
	for _, topic := range h.topics {
		topic.tell()
	}
}

// take puts a piece of the log on the ring and wakes those whom it may concern.
func (h *Hub) take(page inventory.LogPage) {
	events := make([]*Event, len(page.Changes))
	for n := range page.Changes {
		events[n] = newEvent(page.Changes[n])
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, event := range events {
		h.ring.add(event)
		if topic := h.topics[event.After.Account]; topic != nil {
			topic.tell()
		}
	}
	if topic := h.topics[""]; topic != nil && len(events) > 0 {
		topic.tell()
	}
}

// note remembers whether the database could be read. When it can again, those who
// held their heartbeats back are woken.
func (h *Hub) note(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil && !h.away.IsZero():
		h.config.Logger.Info("the log of changes can be read again; watchers go on", "after", time.Since(h.away))
		h.away = time.Time{}
	case err != nil && h.away.IsZero() && !errors.Is(err, context.Canceled):
		h.config.Logger.Warn("the log of changes can't be read; watchers wait", "error", err)
		h.away = time.Now()
	case err == nil || time.Since(h.away) < h.config.AwayLimit: // those who wait go on waiting
		return
	}
	for _, topic := range h.topics {
		topic.tell()
	}
}

// tell wakes all who wait for the topic.
func (t *topic) tell() {
	close(t.news)
	t.news = make(chan struct{})
}

// enter counts a watcher of a topic in.
func (h *Hub) enter(name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers >= h.config.MaxWatchers {
		return fault.New(fault.KindResourceExhausted, inventory.ReasonTooManyWatchers,
			"this replica has %d watchers and takes no more; try again, which may find another one", h.watchers)
	}
	h.watchers++
	h.metrics.watchers.Inc()
	t := h.topics[name]
	if t == nil {
		t = &topic{news: make(chan struct{})}
		h.topics[name] = t
	}
	t.waiting++
	if h.ring.byAccount == nil {
		h.wakeTail()
	}
	return nil
}

// leave counts it out.
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
