package watch

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// next tells what comes after the watcher's position, and waits when that is
// nothing.
func (w *watcher) next(ctx context.Context) error {
	if err := w.alive(); err != nil {
		return err
	}
	events, upTo, news, reached := w.recent()
	if !reached {
		return w.catchUp(ctx)
	}
	w.progress = progress{}
	if err := w.putEvents(ctx, events, upTo); err != nil || len(events) > 0 {
		return err
	}
	select {
	case <-news:
	case <-w.silence.C:
		if w.hub.isAway() { // then nobody knows whether there is silence
			w.silence.Reset(min(w.heartbeat, time.Second))
			return nil
		}
		return w.put(ctx, &Message{Type: Heartbeat})
	case <-ctx.Done():
		return ctx.Err()
	case <-w.sender.ended:
		return w.sender.failure()
	case <-w.hub.stopping:
		return shuttingDown()
	}
	return nil
}

// recent is what the ring has after the watcher's position, as far as it reaches
// back; news closes when there is more.
func (w *watcher) recent() (events []*Event, upTo inventory.LogPlace, news <-chan struct{}, reached bool) {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	ring := &w.hub.ring
	news = w.hub.topics[w.topic].news
	if ring.byAccount == nil { // the tail is about to begin
		return nil, w.position.place, news, true
	}
	if !ring.reaches(w.position.place) {
		return nil, w.position.place, news, false
	}
	events, upTo = ring.after(w.position.place, w.topic, pageSize)
	return events, upTo, news, true
}

// putEvents tells those of the events that concern the watcher, and moves on to
// the place to which they reach.
func (w *watcher) putEvents(ctx context.Context, events []*Event, upTo inventory.LogPlace) error {
	for _, event := range events {
		w.position.place = event.LogPlace
		if !event.concerns(w.filter) {
			continue
		}
		if err := w.put(ctx, &Message{Type: MessageType(event.Type), Event: event}); err != nil {
			return err
		}
	}
	w.position.place = upTo
	return nil
}

// put hands a message to the stream.
func (w *watcher) put(ctx context.Context, message *Message) error {
	message.Revision = w.position.place.Revision
	message.Token = w.position.token(w.fingerprint)
	waited, err := w.sender.put(ctx, message, w.hub.config.SlowLimit)
	w.progress.waited += waited
	w.silence.Reset(w.heartbeat)
	return err
}

// catchUp reads a page of the log from the database and tells it.
func (w *watcher) catchUp(ctx context.Context) error {
	var page inventory.LogPage
	err := w.hub.reading(ctx, func() (err error) {
		page, err = w.hub.store.ReadLog(ctx, w.position.place, pageSize, w.accounts)
		return err
	})
	if fault.KindOf(err) == fault.KindUnavailable && w.alive() == nil {
		return w.pause(ctx)
	}
	if err != nil {
		return err
	}
	if err := w.progress.check(page.Head.Revision-w.position.place.Revision, w.hub.config.SlowLimit); err != nil {
		return err
	}
	events := make([]*Event, len(page.Changes))
	for n := range page.Changes {
		events[n] = newEvent(page.Changes[n])
	}
	if err := w.putEvents(ctx, events, page.UpTo); err != nil {
		return err
	}
	select {
	case <-w.silence.C: // nothing of it was for this watcher, but it has moved on
		return w.put(ctx, &Message{Type: Heartbeat})
	default:
		return nil
	}
}

// pause waits before the database is tried again.
func (w *watcher) pause(ctx context.Context) error {
	timer := time.NewTimer(retryInterval)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.hub.stopping:
		return shuttingDown()
	}
}

// alive tells why the watcher can't go on.
func (w *watcher) alive() error {
	select {
	case <-w.hub.stopping:
		return shuttingDown()
	case <-w.sender.ended:
		return w.sender.failure()
	default:
	}
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	switch {
	case w.generation != w.hub.generation:
		return w.hub.broken
	case !w.hub.away.IsZero() && time.Since(w.hub.away) > w.hub.config.AwayLimit:
		return fault.Unavailable("the database", nil)
	}
	return nil
}

func (h *Hub) isAway() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.away.IsZero()
}

func shuttingDown() *fault.Error {
	return fault.New(fault.KindUnavailable, inventory.ReasonShuttingDown, "this replica stops; resume from the last token, at another one")
}

// flushLimit is how long a stream may take for what is ready when its watcher
// ends.
const flushLimit = time.Second

// end ends the stream, and adds to the error where to resume.
func (w *watcher) end(ctx context.Context, err error) error {
	limit := flushLimit
	if ctx.Err() != nil || fault.ReasonOf(err) == inventory.ReasonTooSlow {
		limit = 0
	}
	w.sender.close(limit)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	if f.Reason == inventory.ReasonTooSlow {
		w.hub.metrics.dropped.Inc()
	}
	told := *f // the fault itself may be for all who follow the log
	told.Metadata = maps.Clone(f.Metadata)
	if token := w.sender.last(); token != "" && f.Kind != fault.KindOutOfRange {
		return told.With("resumeToken", token)
	}
	return &told
}

// progress tells whether a watcher that is behind comes nearer to the head.
type progress struct {
	since  time.Time
	behind int64
	waited time.Duration // for the stream, since then
}

// check refuses a watcher that for limit came no nearer, because its stream took
// so slowly.
func (p *progress) check(behind int64, limit time.Duration) error {
	switch lasted := time.Since(p.since); {
	case p.since.IsZero():
	case lasted < limit:
		return nil
	case behind >= p.behind && p.waited > lasted/2:
		return tooSlow("fell behind by %d changes and takes them more slowly than they come", behind)
	}
	*p = progress{since: time.Now(), behind: behind}
	return nil
}
