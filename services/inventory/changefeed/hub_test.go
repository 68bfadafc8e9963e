package changefeed_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/changefeed"
)

// memoryLog is a log of changes in memory.
type memoryLog struct {
	mu      sync.Mutex
	id      uuid.UUID
	changes []inventory.LoggedChange
	err     error
}

// append adds a change of an instance of an account.
func (l *memoryLog) append(account, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	revision := int64(len(l.changes) + 1)
	l.changes = append(l.changes, inventory.LoggedChange{
		LogPosition: inventory.LogPosition{Log: l.id, Revision: revision, Time: time.Unix(revision, 0).UTC()},
		Type:        inventory.Created, After: &inventory.Instance{Account: account, DisplayName: name},
	})
}

func (l *memoryLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *memoryLog) head() inventory.LogHead {
	head := inventory.LogHead{LogPosition: inventory.LogPosition{Log: l.id}}
	if n := len(l.changes); n > 0 {
		head.LogPosition = l.changes[n-1].LogPosition
	}
	return head
}

func (l *memoryLog) Head(context.Context) (inventory.LogHead, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head(), l.err
}

func (l *memoryLog) Read(_ context.Context, after inventory.LogPosition, limit int, accounts []string) (inventory.LogPage, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	page := inventory.LogPage{Head: l.head(), UpTo: after}
	for _, change := range l.changes[min(int(after.Revision), len(l.changes)):] {
		if limit--; limit < 0 {
			break
		}
		page.UpTo = change.LogPosition
		if accounts == nil || slices.Contains(accounts, change.After.Account) {
			page.Changes = append(page.Changes, change)
		}
	}
	return page, l.err
}

func (l *memoryLog) List(context.Context, inventory.LogPosition, *query.Filter, uuid.UUID, int) ([]inventory.Instance, error) {
	return []inventory.Instance{{DisplayName: "existing"}}, nil
}

func (l *memoryLog) Check(context.Context, inventory.LogPosition) error { return nil }

// watch starts a watch whose messages are sent to the returned channel, and waits until it has begun.
func watch(ctx context.Context, t *testing.T, hub *changefeed.Hub, request changefeed.Request) (<-chan *changefeed.Message, <-chan error) {
	t.Helper()
	ready, messages, ended := make(chan struct{}), make(chan *changefeed.Message, 100), make(chan error, 1)
	go func() {
		ended <- hub.Watch(ctx, request, func() error { close(ready); return nil }, func(m *changefeed.Message) error {
			select {
			case messages <- m:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("the watch did not begin: %v", err)
	}
	return messages, ended
}

// names returns the display names of so many messages with an instance.
func names(messages <-chan *changefeed.Message, count int) (list []string) {
	for len(list) < count {
		switch m := <-messages; {
		case m.Event != nil:
			list = append(list, m.Event.After.DisplayName)
		case m.Instance != nil:
			list = append(list, m.Instance.DisplayName)
		}
	}
	return list
}

// run starts a hub on a log until the test ends.
func run(ctx context.Context, log *memoryLog) *changefeed.Hub {
	hub := changefeed.New(log, changefeed.Config{Linger: time.Second})
	go func() { _ = hub.Run(ctx) }()
	return hub
}

func TestWatch_SendsChangesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble's clock
		defer cancel()
		log := &memoryLog{id: uuid.New()}
		log.append("a", "before")
		hub := run(ctx, log)
		all, _ := watch(ctx, t, hub, changefeed.Request{})
		onlyA, _ := watch(ctx, t, hub, changefeed.Request{Filter: "account = a"})
		for n := range 600 { // more than one batch of the tail
			log.append([]string{"a", "b"}[n%2], fmt.Sprint(n))
		}
		if got := names(all, 3); !slices.Equal(got, []string{"0", "1", "2"}) {
			t.Errorf("all: %v", got)
		}
		if got := names(onlyA, 3); !slices.Equal(got, []string{"0", "2", "4"}) {
			t.Errorf("account a: %v", got)
		}
	})
}

func TestWatch_Resume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble's clock
		defer cancel()
		log := &memoryLog{id: uuid.New()}
		hub := run(ctx, log)
		first, stop := context.WithCancel(ctx)
		messages, ended := watch(first, t, hub, changefeed.Request{})
		token := (<-messages).Token // that of the first heartbeat
		stop()
		if err := <-ended; err == nil {
			t.Error("the watch ended without the error of its context")
		}
		log.append("a", "meanwhile")
		resumed, _ := watch(ctx, t, hub, changefeed.Request{ResumeToken: token})
		if got := names(resumed, 1); got[0] != "meanwhile" {
			t.Errorf("got %v", got)
		}
	})
}

func TestWatch_Existing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble's clock
		defer cancel()
		messages, _ := watch(ctx, t, run(ctx, &memoryLog{id: uuid.New()}), changefeed.Request{Existing: true})
		if first, second := <-messages, <-messages; first.Type != changefeed.Existing || second.Type != changefeed.Listed {
			t.Errorf("got %s, %s", first.Type, second.Type)
		}
	})
}

// TestWatch_DatabaseAway expects no heartbeat while it is not known whether something happened, and UNAVAILABLE after the
// limit.
func TestWatch_DatabaseAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble's clock
		defer cancel()
		log := &memoryLog{id: uuid.New()}
		messages, ended := watch(ctx, t, run(ctx, log), changefeed.Request{Heartbeat: 10 * time.Second})
		<-messages
		synctest.Wait()
		log.fail(fault.Unavailable("the database", nil))
		if err := <-ended; fault.KindOf(err) != fault.KindUnavailable {
			t.Errorf("ended with %v", err)
		}
		if len(messages) > 0 {
			t.Errorf("received %s while the database was away", (<-messages).Type)
		}
	})
}

func TestWatch_ShutDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble's clock
		messages, ended := watch(t.Context(), t, run(ctx, &memoryLog{id: uuid.New()}), changefeed.Request{})
		token := (<-messages).Token
		cancel()
		err := <-ended
		f, ok := fault.As(err)
		if !ok || f.Reason != fault.ReasonShuttingDown || f.Metadata["resumeToken"] != token {
			t.Errorf("ended with %+v, want SHUTTING_DOWN with the token of the last message", err)
		}
	})
}

func TestWatch_SlowStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble's clock
		defer cancel()
		log := &memoryLog{id: uuid.New()}
		hub := run(ctx, log)
		for n := range 100 {
			log.append("a", fmt.Sprint(n))
		}
		blocked := make(chan struct{})
		ended := make(chan error, 1)
		go func() {
			ended <- hub.Watch(ctx, changefeed.Request{}, func() error { return nil }, func(*changefeed.Message) error {
				<-blocked
				return nil
			})
		}()
		synctest.Wait()
		for n := range 100 {
			log.append("a", fmt.Sprint(n))
		}
		if err := <-ended; fault.ReasonOf(err) != fault.ReasonWatcherTooSlow {
			t.Errorf("ended with %v", err)
		}
		close(blocked)
	})
}

func TestWatch_Refused(t *testing.T) {
	hub := changefeed.New(&memoryLog{id: uuid.New()}, changefeed.Config{MaxWatchers: 1})
	nothing := func() error { return nil }
	for name, request := range map[string]changefeed.Request{
		"filter":             {Filter: "no_such = 1"},
		"unlogged field":     {Filter: `observe_time > "2026-01-01T00:00:00Z"`},
		"token":              {ResumeToken: "x"},
		"existing and token": {ResumeToken: "x", Existing: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err := hub.Watch(ctx, request, nothing, func(*changefeed.Message) error { return nil })
			if fault.KindOf(err) != fault.KindInvalidArgument {
				t.Errorf("got %v", err)
			}
		})
	}
}

func ExampleHub_Watch() {
	log := &memoryLog{id: uuid.New()}
	ctx, cancel := context.WithCancel(context.Background())
	hub := changefeed.New(log, changefeed.Config{})
	go func() { _ = hub.Run(ctx) }()

	ready := func() error { // from now on, every change is sent
		log.append("aws-1", "web-1")
		return nil
	}
	_ = hub.Watch(ctx, changefeed.Request{Filter: "account = aws-1"}, ready, func(m *changefeed.Message) error {
		if m.Event != nil {
			fmt.Println(m.Type, m.Event.After.DisplayName, "at revision", m.Revision)
			cancel()
		}
		return nil
	})
	// Output: CREATED web-1 at revision 1
}
