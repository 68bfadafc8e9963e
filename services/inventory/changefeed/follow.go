package changefeed

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// next sends the changes after the watcher's position, and waits if there are none.
func (w *watcher) next(ctx context.Context) error {
	if err := w.check(); err != nil {
		return err
	}
	events, upTo, changed, reached := w.recent()
	if !reached {
		return w.catchUp(ctx)
	}
	w.progress = progress{}
	if err := w.putEvents(ctx, events, upTo); err != nil || len(events) > 0 {
		return err
	}
	select {
	case <-changed:
	case <-w.silence.C:
		if w.hub.isAway() { // a heartbeat would mean that nothing happened, which is not known
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

// recent returns the events of the ring after the watcher's position, if the ring reaches back to it. changed is closed
// when there are more.
func (w *watcher) recent() (events []*Event, upTo inventory.LogPosition, changed <-chan struct{}, reached bool) {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	ring := &w.hub.ring
	changed = w.hub.topics[w.topic].changed
	if !ring.started() { // the tail is about to start
		return nil, w.position.log, changed, true
	}
	if !ring.reaches(w.position.log) {
		return nil, w.position.log, changed, false
	}
	events, upTo = ring.after(w.position.log, w.topic, pageSize)
	return events, upTo, changed, true
}

// putEvents sends the events that the filter matches, and moves to the position up to which they are complete.
func (w *watcher) putEvents(ctx context.Context, events []*Event, upTo inventory.LogPosition) error {
	for _, event := range events {
		w.position.log = event.LogPosition
		if !event.matches(w.filter) {
			continue
		}
		if err := w.put(ctx, &Message{Type: MessageType(event.Type), Event: event}); err != nil {
			return err
		}
	}
	w.position.log = upTo
	return nil
}

// put hands a message to the sender.
func (w *watcher) put(ctx context.Context, message *Message) error {
	message.Revision = w.position.log.Revision
	message.Token = w.position.token(w.fingerprint)
	waited, err := w.sender.put(ctx, message, w.hub.config.SlowLimit)
	w.progress.waited += waited
	w.silence.Reset(w.heartbeat)
	return err
}

// catchUp reads a page of the log from the database and sends it.
func (w *watcher) catchUp(ctx context.Context) error {
	var page inventory.LogPage
	err := w.hub.inTurn(ctx, func() (err error) {
		page, err = w.hub.log.Read(ctx, w.position.log, pageSize, w.accounts)
		return err
	})
	if fault.KindOf(err) == fault.KindUnavailable && w.check() == nil {
		return w.pause(ctx)
	}
	if err != nil {
		return err
	}
	if err := w.progress.check(page.Head.Revision-w.position.log.Revision, w.hub.config.SlowLimit); err != nil {
		return err
	}
	if err := w.putEvents(ctx, newEvents(page), page.UpTo); err != nil {
		return err
	}
	select {
	case <-w.silence.C: // the filter matched nothing, but the position has moved
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

// check returns why the watcher can't continue; nil if it can.
func (w *watcher) check() error {
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
		return w.hub.replaced
	case !w.hub.away.IsZero() && time.Since(w.hub.away) > w.hub.config.AwayLimit:
		return fault.Unavailable("the database", nil)
	}
	return nil
}

// flushLimit is how long the stream of a watcher that ends may take the messages that are ready.
const flushLimit = time.Second

// end ends the stream, and adds the token to resume from to the error.
func (w *watcher) end(ctx context.Context, err error) error {
	limit := flushLimit
	if ctx.Err() != nil || fault.ReasonOf(err) == fault.ReasonWatcherTooSlow {
		limit = 0
	}
	w.sender.close(limit)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	if f.Reason == fault.ReasonWatcherTooSlow {
		w.hub.metrics.dropped.Inc()
	}
	own := *f // all watchers may share the fault
	own.Metadata = maps.Clone(f.Metadata)
	if token := w.sender.last(); token != "" && f.Kind != fault.KindOutOfRange {
		return own.With("resumeToken", token)
	}
	return &own
}

// progress measures whether a watcher that is behind comes nearer to the head.
type progress struct {
	since  time.Time
	behind int64
	// waited is how long the watcher has waited for its stream since then.
	waited time.Duration
}

// check returns an error if the watcher came no nearer to the head for the limit because its stream takes too slowly.
func (p *progress) check(behind int64, limit time.Duration) error {
	switch lasted := time.Since(p.since); {
	case p.since.IsZero():
	case lasted < limit:
		return nil
	case behind >= p.behind && p.waited > lasted/2:
		return tooSlow("is %d changes behind and takes them more slowly than they come", behind)
	}
	*p = progress{since: time.Now(), behind: behind}
	return nil
}
