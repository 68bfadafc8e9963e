package changefeed

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config limits what watching costs. Zero values are the defaults.
type Config struct {
	// PollInterval is most of the time from the commit of a change to its watchers.
	PollInterval time.Duration `name:"poll-interval" env:"ROLLCALL_WATCH_POLL_INTERVAL" default:"25ms" help:"Interval at which the log of changes is polled while there are watchers."`
	MaxWatchers  int           `name:"max-watchers" env:"ROLLCALL_WATCH_MAX_WATCHERS" default:"5000" help:"Most watchers at once."`
	// RingEvents and RingBytes limit the recent events in memory.
	RingEvents int `name:"ring-events" env:"ROLLCALL_WATCH_RING_EVENTS" default:"32768" help:"Most recent changes that are kept in memory for watchers."`
	RingBytes  int `name:"ring-bytes" env:"ROLLCALL_WATCH_RING_BYTES" default:"67108864" help:"Most memory that these changes take, in bytes."`
	// SlowLimit is how long a watcher may take nothing, or come no nearer to the head of the log.
	SlowLimit time.Duration `name:"slow-limit" env:"ROLLCALL_WATCH_SLOW_LIMIT" default:"10s" help:"Time after which a watcher that does not keep up is dropped."`
	AwayLimit time.Duration `name:"away-limit" env:"ROLLCALL_WATCH_AWAY_LIMIT" default:"1m" help:"Time for which watchers are kept while the database is unavailable."`
	// Linger is how long the log is read after the last watcher left. A watcher that comes back within it finds
	// everything in memory.
	Linger time.Duration `kong:"-"`
	Logger *slog.Logger  `kong:"-"`
	// Metrics registers the metrics.
	Metrics prometheus.Registerer `kong:"-"`
}

func setDefault[T comparable](value *T, byDefault T) {
	if *value == *new(T) {
		*value = byDefault
	}
}

func (c Config) withDefaults() Config {
	setDefault(&c.PollInterval, 25*time.Millisecond)
	setDefault(&c.MaxWatchers, 5000)
	setDefault(&c.RingEvents, 32<<10)
	setDefault(&c.RingBytes, 64<<20)
	setDefault(&c.SlowLimit, 10*time.Second)
	setDefault(&c.AwayLimit, time.Minute)
	setDefault(&c.Linger, 30*time.Second)
	setDefault(&c.Logger, slog.New(slog.DiscardHandler))
	return c
}

const (
	// batchSize is the number of changes that the tail reads at once.
	batchSize = 500
	// pageSize is the number of changes or instances that a watcher behind the ring reads at once.
	pageSize = 200
	// maxReaders is the number of watchers that read the database at the same time.
	maxReaders = 4
	// readLimit limits one read of the log by the tail.
	readLimit = 15 * time.Second
	// retryInterval is the interval at which an unavailable database is tried.
	retryInterval = 200 * time.Millisecond
)
