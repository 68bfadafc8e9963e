package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// view is the set of instances that a watcher follows, as a filter and as a function.
type view struct {
	name    string
	filter  string
	matches func(*inventoryv1.Instance) bool
}

var allInstances = view{"everything", "", func(*inventoryv1.Instance) bool { return true }}

var running = view{"what runs", `state = RUNNING`, func(i *inventoryv1.Instance) bool { return i.GetState() == inventoryv1.Instance_RUNNING }}

// views returns the views of filtered watchers.
func views() []view {
	account := amazonAccount(amazonAccounts[0])
	return []view{
		{"one account", `account = "` + account + `"`, func(i *inventoryv1.Instance) bool { return i.GetAccount() == account }},
		running,
		{"databases in Europe", `kind = DATABASE AND location.region = "eu-west-1"`, func(i *inventoryv1.Instance) bool {
			return i.GetKind() == commonv1.Kind_DATABASE && i.GetLocation().GetRegion() == "eu-west-1"
		}},
		{"a label", `labels.chaos = "3"`, func(i *inventoryv1.Instance) bool { return i.GetLabels()["chaos"] == "3" }},
	}
}

// watcher maintains a replica from the messages of a watch, and resumes whenever its stream ends.
type watcher struct {
	oracle      *oracle
	view        view
	inventories []inventoryv1.InventoryServiceClient
	// list starts with the existing instances.
	list bool
	// pace, if set, delays each message until a value can be received from it: the watcher is slow.
	pace chan struct{}

	mu          sync.Mutex
	stop        context.CancelFunc // ends the current stream
	replica     map[string]*inventoryv1.Instance
	generations map[string]generation
	token       string
	revision    int64
	// begun reports that the list of existing instances is complete, or was not requested.
	begun    bool
	moved    chan struct{} // closed at the next message
	turn     int
	events   int64 // the number of changes among the messages
	received int64
}

func newWatcher(c *oracle, v view, list bool, inventories []inventoryv1.InventoryServiceClient) *watcher {
	w := &watcher{oracle: c, view: v, list: list, inventories: inventories, moved: make(chan struct{})}
	w.reset()
	return w
}

func (w *watcher) String() string {
	how := "from now on"
	if w.list {
		how = "with existing instances"
	}
	return fmt.Sprintf("the watcher of %s, %s", w.view.name, how)
}

// reset clears the replica. The caller holds mu, or has the only reference to w.
func (w *watcher) reset() {
	w.replica, w.generations = map[string]*inventoryv1.Instance{}, map[string]generation{}
	w.token, w.revision, w.begun = "", 0, !w.list
}

// run watches until ctx ends.
func (w *watcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.watch(ctx)
		switch {
		case ctx.Err() != nil, isUnavailable(err):
		case status.Code(err) == codes.ResourceExhausted: // too slow: it may resume
		default:
			w.oracle.report(readable, "%s: the watch ended with %v", w, err)
			return
		}
	}
}

// watch follows one stream to its end.
func (w *watcher) watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.mu.Lock()
	w.turn++
	w.stop = cancel
	if !w.begun { // An interrupted list starts again.
		w.reset()
	}
	inventory := w.inventories[w.turn%len(w.inventories)]
	request := &inventoryv1.WatchInstancesRequest{
		Filter: w.view.filter, ResumeToken: w.token, IncludeExisting: w.list && w.token == "",
		HeartbeatInterval: durationpb.New(200 * time.Millisecond),
	}
	w.mu.Unlock()
	stream, err := inventory.WatchInstances(ctx, request)
	if err != nil {
		return err
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		w.take(message)
		if w.pace != nil {
			select {
			case <-w.pace:
			case <-ctx.Done():
			}
		}
	}
}

// kill ends the current stream. The watcher resumes.
func (w *watcher) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil {
		w.stop()
	}
}

// take checks and applies one message.
func (w *watcher) take(m *inventoryv1.WatchInstancesResponse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.oracle.checks.Add(1)
	w.received++
	switch m.GetType() {
	case inventoryv1.WatchInstancesResponse_LISTED:
		w.begun = true
	case inventoryv1.WatchInstancesResponse_HEARTBEAT:
		if m.GetRevision() < w.revision {
			w.oracle.report(inOrder, "%s: a heartbeat goes back from revision %d to %d", w, w.revision, m.GetRevision())
		}
		if w.view.filter == "" && w.revision > 0 && m.GetRevision() != w.revision {
			w.oracle.report(inOrder, "%s: a heartbeat is at revision %d, the last change was %d", w, m.GetRevision(), w.revision)
		}
	case inventoryv1.WatchInstancesResponse_EXISTING:
		if w.begun {
			w.oracle.report(consistent, "%s receives %s as existing after the end of the list", w, describe(m.GetInstance()))
		}
		w.replica[m.GetInstance().GetName()] = m.GetInstance()
	default:
		w.change(m)
	}
	w.revision = max(w.revision, m.GetRevision())
	if m.GetResumeToken() != "" {
		w.token = m.GetResumeToken()
	}
	close(w.moved)
	w.moved = make(chan struct{})
}

// change checks and applies one change. The caller holds mu.
func (w *watcher) change(m *inventoryv1.WatchInstancesResponse) {
	w.events++
	i := m.GetInstance()
	if m.GetRevision() <= w.revision || w.view.filter == "" && w.revision > 0 && m.GetRevision() != w.revision+1 {
		w.oracle.report(inOrder, "%s receives revision %d (%s %s) after %d", w, m.GetRevision(), m.GetType(), describe(i), w.revision)
	}
	if now, before := generationOf(i), w.generations[i.GetName()]; now.olderThan(before) {
		w.oracle.report(neverOlder, "%s receives %s at %v after %v, revision %d", w, describe(i), now, before, m.GetRevision())
	}
	w.generations[i.GetName()] = generationOf(i)
	before, seen := w.replica[i.GetName()]
	known := seen && w.view.matches(before) // the watch omits changes of instances that do not match
	wasGone := before.GetState() == inventoryv1.Instance_GONE
	isGone := i.GetState() == inventoryv1.Instance_GONE
	full := w.view.filter == "" && (w.list || w.fromZero())
	var wrong bool
	switch m.GetType() {
	case inventoryv1.WatchInstancesResponse_CREATED:
		wrong = seen || isGone
	case inventoryv1.WatchInstancesResponse_CHANGED:
		wrong = isGone || known && wasGone || full && !known
	case inventoryv1.WatchInstancesResponse_GONE:
		wrong = !isGone || known && wasGone || full && !known
	case inventoryv1.WatchInstancesResponse_REAPPEARED:
		wrong = isGone || known && !wasGone
	default:
		wrong = true
	}
	if wrong {
		w.oracle.report(consistent, "%s receives %s as %s at revision %d; the replica has it as %v (known: %t)", w, describe(i), m.GetType(), m.GetRevision(), before.GetState(), seen)
	}
	w.replica[i.GetName()] = i
}

// fromZero reports whether the watch began before the first change.
func (w *watcher) fromZero() bool { return w.view.name == beginning.name }

// beginning is the view of the watcher that starts before the first change.
var beginning = view{"everything from the beginning", "", allInstances.matches}

// awaitRevision waits until the watcher has received all changes up to a revision.
func (w *watcher) awaitRevision(ctx context.Context, revision int64) error {
	for {
		w.mu.Lock()
		reached, moved, at := w.begun && w.revision >= revision, w.moved, w.revision
		w.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-moved:
		case <-w.oracle.broken:
			return w.oracle.firstViolation()
		case <-ctx.Done():
			return fmt.Errorf("%s is at revision %d, and does not get to %d", w, at, revision)
		}
	}
}

// differences compares the replica with the inventory, including gone instances, and returns "" if
// they agree.
func (w *watcher) differences(instances []*inventoryv1.Instance) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	byKey := map[string]*inventoryv1.Instance{}
	var all []string
	for _, i := range instances {
		byKey[i.GetName()] = i
		has, known := w.replica[i.GetName()]
		gone := i.GetState() == inventoryv1.Instance_GONE
		switch {
		case !known && w.view.matches(i) && !gone && (w.list || w.fromZero()):
			all = append(all, "the replica lacks "+describe(i))
		case known && (w.view.matches(i) || w.view.matches(has)) && !same(i, has):
			all = append(all, fmt.Sprintf("the replica has %v, the inventory %v", has, i))
		}
	}
	for name, i := range w.replica {
		if byKey[name] == nil {
			all = append(all, "the inventory lacks "+describe(i))
		}
	}
	slices.Sort(all)
	if len(all) > 5 {
		all = append(all[:5], fmt.Sprintf("and %d more", len(all)-5))
	}
	return strings.Join(all, "; ")
}

// same reports whether two observations have the same state. observe_time is ignored.
func same(a, b *inventoryv1.Instance) bool {
	a, b = proto.CloneOf(a), proto.CloneOf(b)
	a.ObserveTime, b.ObserveTime = nil, nil
	return proto.Equal(a, b)
}
