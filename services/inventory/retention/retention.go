// Package retention maintains the log of changes: it creates the partitions of the days to come, and deletes what
// is older than the retention time. Every replica runs it, and one works at a time.
package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Log is the log of changes.
type Log interface {
	// Maintain creates partitions for the day of now and as many days ahead, deletes counts that fell to 0, and
	// deletes what is older than keep, unless that is 0.
	Maintain(ctx context.Context, now time.Time, ahead int, keep time.Duration) error
}

// Config configures a Loop. Zero values are the defaults, except for Retention.
type Config struct {
	// Retention is how long changes and gone instances are kept; 0 is forever.
	Retention time.Duration
	// Interval is the time between two runs, and Retry the time after a run that failed.
	Interval, Retry time.Duration
	// Ahead is the number of days after today for which partitions are created.
	Ahead int
	// Now is the clock.
	Now    func() time.Time
	Logger *slog.Logger
}

// The defaults. Partitions are created so far ahead that maintenance may fail for days.
const (
	defaultInterval = time.Hour
	defaultRetry    = time.Minute
	defaultAhead    = 3
)

// minRetention is the shortest retention, because a partition of the log has a whole day.
const minRetention = 24 * time.Hour

func (c Config) withDefaults() (Config, error) {
	if c.Retention != 0 && c.Retention < minRetention {
		return c, fmt.Errorf("changes can't be kept for %s: set ROLLCALL_CHANGE_RETENTION to at least %s, or to 0 to keep all", c.Retention, minRetention)
	}
	if c.Interval < 0 || c.Retry < 0 || c.Ahead < 0 {
		return c, errors.New("intervals and days ahead can't be negative")
	}
	if c.Interval == 0 {
		c.Interval = defaultInterval
	}
	if c.Retry == 0 {
		c.Retry = defaultRetry
	}
	if c.Ahead == 0 {
		c.Ahead = defaultAhead
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Loop maintains a log until its context ends.
type Loop struct {
	log Log
	cfg Config
}

// New returns a loop.
func New(log Log, cfg Config) (*Loop, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Loop{log: log, cfg: cfg}, nil
}

// Run maintains the log at once and then at each interval, until ctx ends. It repeats a run that failed after
// Config.Retry.
func (l *Loop) Run(ctx context.Context) error {
	for {
		next := l.cfg.Interval
		if err := l.Once(ctx); err != nil && ctx.Err() == nil {
			l.cfg.Logger.Warn("log maintenance failed", "error", err, "retry", l.cfg.Retry)
			next = l.cfg.Retry
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// Once maintains the log once.
func (l *Loop) Once(ctx context.Context) error {
	return l.log.Maintain(ctx, l.cfg.Now(), l.cfg.Ahead, l.cfg.Retention)
}
