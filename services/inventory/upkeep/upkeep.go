// Package upkeep keeps the log of changes in shape: partitions for the days to
// come, and nothing that is older than it should be. Every replica runs it, and
// one works at a time.
package upkeep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Log is what is kept in shape.
type Log interface {
	// KeepLog makes partitions for the day of now and as many days ahead, deletes
	// counts of nothing, and forgets what is older than keep, unless that is 0.
	KeepLog(ctx context.Context, now time.Time, ahead int, keep time.Duration) error
}

// Config says how. The zero values of all but Retention mean the defaults.
type Config struct {
	// Retention is how long changes and what is gone are kept; 0: for ever.
	Retention time.Duration
	// Interval is how often the work is done, and Retry how soon again when it could
	// not be.
	Interval, Retry time.Duration
	// Ahead is for how many days after today partitions are made.
	Ahead int
	// Now is the clock.
	Now    func() time.Time
	Logger *slog.Logger
}

// The defaults. Partitions are made so far ahead that days may pass in which
// nothing works.
const (
	defaultInterval = time.Hour
	defaultRetry    = time.Minute
	defaultAhead    = 3
)

// shortest is the least retention: a log of whole days can't be kept for less
// than one.
const shortest = 24 * time.Hour

func (c Config) withDefaults() (Config, error) {
	if c.Retention != 0 && c.Retention < shortest {
		return c, fmt.Errorf("changes can't be kept for %s: give at least %s, or 0 to keep all (ROLLCALL_CHANGE_RETENTION)", c.Retention, shortest)
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

// Loop does the work again and again.
type Loop struct {
	log Log
	cfg Config
}

// New is a loop that keeps log in shape.
func New(log Log, cfg Config) (*Loop, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Loop{log: log, cfg: cfg}, nil
}

// Run works at once and then at each interval, until ctx ends. What can't be done
// now is done later: nothing else has to wait for it.
func (l *Loop) Run(ctx context.Context) error {
	for {
		next := l.cfg.Interval
		if err := l.Once(ctx); err != nil && ctx.Err() == nil {
			l.cfg.Logger.Warn("could not keep the log of changes in shape", "error", err, "retry", l.cfg.Retry)
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

// Once does the work.
func (l *Loop) Once(ctx context.Context) error {
	return l.log.KeepLog(ctx, l.cfg.Now(), l.cfg.Ahead, l.cfg.Retention)
}
