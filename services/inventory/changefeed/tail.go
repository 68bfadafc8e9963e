package changefeed

import (
	"context"
	"errors"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// tail reads the log into the ring. It ends when there were no watchers for a while.
func (h *Hub) tail(ctx context.Context) {
	defer h.stopTail()
	tick := time.NewTimer(h.config.PollInterval)
	defer tick.Stop()
	var idleSince time.Time
	for {
		err := h.poll(ctx)
		h.recordAvailability(err)
		tick.Reset(h.config.PollInterval)
		if err != nil {
			tick.Reset(retryInterval)
		}
		switch {
		case h.hasWatchers():
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

// stopTail empties the ring, because its events are not recent when the next watcher comes.
func (h *Hub) stopTail() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring.stop()
	if h.watchers > 0 { // one came at the last moment
		h.wakeTail()
	}
}

// poll reads what is new.
func (h *Hub) poll(ctx context.Context) error {
	head, err := h.head(ctx)
	if err != nil {
		return err
	}
	at, started := h.ringPosition()
	if !started {
		h.startRing(head.LogPosition)
		return nil
	}
	for !at.Equal(head.LogPosition) {
		page, err := h.batch(ctx, at)
		if fault.ReasonOf(err) == fault.ReasonTokenExpired {
			h.startRing(head.LogPosition)
			h.endGeneration(err)
			return nil
		}
		if err != nil {
			return err
		}
		h.add(page)
		if at = page.UpTo; at.Revision >= head.Revision {
			return nil
		}
	}
	return nil
}

func (h *Hub) head(ctx context.Context) (inventory.LogHead, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	return h.log.Head(ctx)
}

func (h *Hub) batch(ctx context.Context, after inventory.LogPosition) (inventory.LogPage, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	return h.log.Read(ctx, after, batchSize, nil)
}

func (h *Hub) ringPosition() (at inventory.LogPosition, started bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ring.last, h.ring.started()
}

// startRing sets the ring to a position. Watchers that are further back read the database.
func (h *Hub) startRing(at inventory.LogPosition) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring.start(at)
	h.wakeAll()
}

// endGeneration ends all watchers, because the log that they read was replaced.
func (h *Hub) endGeneration(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.generation++
	h.replaced = err
	h.wakeAll()
}

// add adds a part of the log to the ring, and wakes the watchers whose accounts have changes.
func (h *Hub) add(page inventory.LogPage) {
	events := newEvents(page)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, event := range events {
		h.ring.add(event)
		if topic := h.topics[event.After.Account]; topic != nil {
			topic.wake()
		}
	}
	if topic := h.topics[""]; topic != nil && len(events) > 0 {
		topic.wake()
	}
}

// recordAvailability records whether the database could be read. It wakes all watchers when that changes, and when
// the database was unavailable for too long.
func (h *Hub) recordAvailability(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil && !h.away.IsZero():
		h.config.Logger.Info("change log available", "after", time.Since(h.away))
		h.away = time.Time{}
	case err != nil && h.away.IsZero() && !errors.Is(err, context.Canceled):
		h.config.Logger.Warn("change log unavailable", "error", err)
		h.away = time.Now()
	case err == nil || time.Since(h.away) < h.config.AwayLimit:
		return
	}
	h.wakeAll()
}
