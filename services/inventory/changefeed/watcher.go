package changefeed

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Request is a request to watch, with the texts of the API.
type Request struct {
	Filter string
	// ResumeToken is that of the message to continue after; empty for changes from now on.
	ResumeToken string
	// Existing lists the existing instances first.
	Existing bool
	// Heartbeat is the longest time without a message; 0 is 15 s.
	Heartbeat time.Duration
}

// noTopic is the topic of watchers whose filter matches no account. No account has this ID.
const noTopic = "\x00"

const defaultHeartbeat = 15 * time.Second

// MessageType is the type of a message, as the enum value of the API is spelled: an inventory.ChangeType, or one of
// these.
type MessageType string

// The types of messages that are not about a change.
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
	// Revision is the one up to which all changes have been sent.
	Revision int64
	// Token resumes after the message.
	Token string
}

// watcher is one watch. Only its own goroutine uses it.
type watcher struct {
	hub         *Hub
	filter      *query.Filter
	fingerprint string
	// topic is the only account that the filter allows, or "". accounts are all of them; nil for any.
	topic      string
	accounts   []string
	heartbeat  time.Duration
	generation int

	position position
	sender   *sender
	silence  *time.Timer
	progress progress
}

// Watch sends changes to send until ctx ends or the watch can't continue. It calls ready when the watch has begun:
// everything that is committed from then on will be sent. Errors, all but the first with the metadata resumeToken:
// INVALID_ARGUMENT for a filter or token that can't be read; OUT_OF_RANGE with TOKEN_EXPIRED if the changes after the
// token are not kept; RESOURCE_EXHAUSTED with WATCHER_TOO_SLOW or, at the beginning, with TOO_MANY_WATCHERS;
// UNAVAILABLE if this replica shuts down or its database is unavailable for long.
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
	err = w.run(ctx)
	return w.end(ctx, err)
}

func (h *Hub) newWatcher(request Request) (*watcher, error) {
	filter, err := inventory.ParseWatchFilter(request.Filter)
	if err != nil {
		return nil, err
	}
	if request.Existing && request.ResumeToken != "" {
		return nil, fault.Invalid("include_existing", "can't be combined with resume_token, which continues where the watch was")
	}
	w := &watcher{hub: h, filter: filter, fingerprint: fingerprint(request.Filter), heartbeat: request.Heartbeat}
	setDefault(&w.heartbeat, defaultHeartbeat)
	if accounts, ok := filter.Only("account"); ok {
		w.accounts = accounts
		switch len(accounts) {
		case 0:
			w.topic = noTopic
		case 1:
			w.topic = accounts[0]
		}
	}
	return w, nil
}

// begin finds the position where the watch begins.
func (w *watcher) begin(ctx context.Context, request Request) error {
	w.generation = w.hub.currentGeneration()
	if request.ResumeToken == "" {
		head, err := w.hub.log.Head(ctx)
		w.position = position{log: head.LogPosition, listing: request.Existing}
		return err
	}
	var err error
	if w.position, err = positionOf(request.ResumeToken, w.fingerprint); err != nil {
		return err
	}
	if w.hub.has(w.position.log) {
		return nil
	}
	return w.hub.log.Check(ctx, w.position.log)
}

// run sends the existing instances, if asked for, and then changes.
func (w *watcher) run(ctx context.Context) error {
	if w.position.listing {
		if err := w.list(ctx); err != nil {
			return err
		}
	} else if err := w.put(ctx, &Message{Type: Heartbeat}); err != nil {
		// With the first heartbeat a watcher can resume before its first change, and proxies that delay the
		// headers of a stream until its first message forward them.
		return err
	}
	for {
		if err := w.next(ctx); err != nil {
			return err
		}
	}
}

// list sends the instances that existed at the position where the watch began.
func (w *watcher) list(ctx context.Context) error {
	for {
		if err := w.check(); err != nil {
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
	if w.topic == noTopic {
		return nil, nil
	}
	err = w.hub.inTurn(ctx, func() error {
		page, err = w.hub.log.List(ctx, w.position.log, w.filter, w.position.listed, pageSize)
		return err
	})
	return page, err
}
