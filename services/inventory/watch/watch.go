package watch

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// Request asks to be told. Its texts are the contract's.
type Request struct {
	Filter string
	// ResumeToken is that of the message to go on after; empty: from now on.
	ResumeToken string
	// Existing lists what is there first.
	Existing bool
	// Heartbeat is how long there may be silence; 15 s when 0.
	Heartbeat time.Duration
}

// nothing is the topic of those whom no change can concern: no account's.
const nothing = "\x00"

const defaultHeartbeat = 15 * time.Second

// MessageType is what a message tells, by its word in the contract: a
// inventory.ChangeType, or one of these.
type MessageType string

// The types of messages that tell of no change.
const (
	Existing  MessageType = "EXISTING"
	Listed    MessageType = "LISTED"
	Heartbeat MessageType = "HEARTBEAT"
)

// Message is one message to a watcher.
type Message struct {
	Type MessageType
	// Event is set for a change.
	Event *Event
	// Instance is set for Existing.
	Instance *inventory.Instance
	// Revision up to which all has been told.
	Revision int64
	// Token resumes after the message.
	Token string
}

// watcher is one who is told. Only its own goroutine uses it.
type watcher struct {
	hub         *Hub
	filter      *query.Filter
	fingerprint string
	// topic is the one account that the filter lets through, else "". accounts are
	// all of them; nil: any.
	topic      string
	accounts   []string
	heartbeat  time.Duration
	generation int

	position position
	sender   *sender
	silence  *time.Timer
	progress progress
}

// Watch tells a watcher what happens, by way of send, until ctx ends or it can't
// go on. It calls ready when the watch has begun: all that is committed from then
// on will be told. Errors, all but the first with the metadata resumeToken:
// INVALID_ARGUMENT for a filter or token that can't be read; OUT_OF_RANGE with
// inventory.ReasonTokenExpired when what follows the token is not kept;
// RESOURCE_EXHAUSTED with inventory.ReasonTooSlow, or, at the beginning,
// inventory.ReasonTooManyWatchers; UNAVAILABLE when this replica stops or its
// database is away for long.
func (h *Hub) Watch(ctx context.Context, request Request, ready func() error, send func(*Message) error) error {
	w, err := h.newWatcher(request)
	if err != nil {
		return err
	}
	if err := h.enter(w.topic); err != nil {
		return err
	}
	defer h.leave(w.topic)
	if err := w.begin(ctx, request); err != nil {
		return err
	}
	if err := ready(); err != nil {
		return err
	}
	w.sender = startSender(func(m *Message) error {
		h.metrics.messages.Inc()
		return send(m)
	}, request.ResumeToken)
	w.silence = time.NewTimer(w.heartbeat)
	defer w.silence.Stop()
	err = w.tell(ctx)
	return w.end(ctx, err)
}

func (h *Hub) newWatcher(request Request) (*watcher, error) {
	filter, err := postgres.WatchFilter(request.Filter)
	if err != nil {
		return nil, err
	}
	if request.Existing && request.ResumeToken != "" {
		return nil, fault.Invalid("include_existing", "is not for use with resume_token, which goes on where it was")
	}
	w := &watcher{hub: h, filter: filter, fingerprint: fingerprint(request.Filter), heartbeat: request.Heartbeat}
	byDefault(&w.heartbeat, defaultHeartbeat)
	if accounts, ok := filter.Only("account"); ok {
		w.accounts = accounts
		switch len(accounts) {
		case 0:
			w.topic = nothing
		case 1:
			w.topic = accounts[0]
		}
	}
	return w, nil
}

// begin finds the place where the watch begins.
func (w *watcher) begin(ctx context.Context, request Request) error {
	w.generation = w.hub.currentGeneration()
	if request.ResumeToken == "" {
		head, err := w.hub.store.LogHead(ctx)
		w.position = position{place: head.LogPlace, listing: request.Existing}
		return err
	}
	var err error
	if w.position, err = positionOf(request.ResumeToken, w.fingerprint); err != nil {
		return err
	}
	if w.hub.holds(w.position.place) {
		return nil
	}
	return w.hub.store.CheckPlace(ctx, w.position.place)
}

func (h *Hub) currentGeneration() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.generation
}

func (h *Hub) holds(place inventory.LogPlace) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ring.holds(place)
}

// tell tells the watcher all there is to be told.
func (w *watcher) tell(ctx context.Context) error {
	if !w.position.listing {
		// Whoever has not been told anything yet can resume too; and proxies pass
		// the beginning of a stream on with its first message.
		if err := w.put(ctx, &Message{Type: Heartbeat}); err != nil {
			return err
		}
	}
	if w.position.listing {
		if err := w.list(ctx); err != nil {
			return err
		}
	}
	for {
		if err := w.next(ctx); err != nil {
			return err
		}
	}
}

// list tells what was there at the place where the watch began.
func (w *watcher) list(ctx context.Context) error {
	for {
		if err := w.alive(); err != nil {
			return err
		}
		page, err := w.listPage(ctx)
		if err != nil {
			return err
		}
		for n := range page {
			w.position.listed = page[n].UID
			if err := w.put(ctx, &Message{Type: Existing, Instance: &page[n]}); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			w.position.listing = false
			return w.put(ctx, &Message{Type: Listed})
		}
	}
}

func (w *watcher) listPage(ctx context.Context) (page []inventory.Instance, err error) {
	if w.topic == nothing {
		return nil, nil
	}
	err = w.hub.reading(ctx, func() error {
		page, err = w.hub.store.ListAsOf(ctx, w.position.place, w.filter, w.position.listed, pageSize)
		return err
	})
	return page, err
}

// reading runs read when it is its turn: few read the database at once.
func (h *Hub) reading(ctx context.Context, read func() error) error {
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
