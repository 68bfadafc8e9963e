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

// view is which instances a watcher wants, in the roll's words and in ours.
type view struct {
	name    string
	filter  string
	matches func(*inventoryv1.Instance) bool
}

var everything = view{"everything", "", func(*inventoryv1.Instance) bool { return true }}

var whatRuns = view{"what runs", `state = RUNNING`, func(i *inventoryv1.Instance) bool { return i.GetState() == inventoryv1.Instance_RUNNING }}

// views are what watchers are opened for.
func views() []view {
	account := amazonAccount(amazonAccounts[0])
	return []view{
		{"one account", `account = "` + account + `"`, func(i *inventoryv1.Instance) bool { return i.GetAccount() == account }},
		whatRuns,
		{"databases in Europe", `kind = DATABASE AND location.region = "eu-west-1"`, func(i *inventoryv1.Instance) bool {
			return i.GetKind() == commonv1.Kind_DATABASE && i.GetLocation().GetRegion() == "eu-west-1"
		}},
		{"a label", `labels.chaos = "3"`, func(i *inventoryv1.Instance) bool { return i.GetLabels()["chaos"] == "3" }},
	}
}

// watcher keeps a replica of what it is told of, and resumes whenever its stream
// ends.
type watcher struct {
	*court
	view
	rolls []inventoryv1.InventoryServiceClient
	// list begins with what is there, else with what comes.
	list bool
	// pace, when set, is what the watcher waits for before each message: it is
	// slow.
	pace chan struct{}

	mu       sync.Mutex
	stop     context.CancelFunc // ends the current stream
	replica  map[string]*inventoryv1.Instance
	ages     map[string]age
	token    string
	revision int64
	// begun tells that a list, when one was asked for, has been told to its end.
	begun  bool
	moved  chan struct{} // closed at the next message
	turn   int
	events int64 // changes, of the messages
	told   int64
}

func newWatcher(c *court, v view, list bool, rolls []inventoryv1.InventoryServiceClient) *watcher {
	w := &watcher{court: c, view: v, list: list, rolls: rolls, moved: make(chan struct{})}
	w.reset()
	return w
}

func (w *watcher) String() string {
	how := "from now"
	if w.list {
		how = "with what is there"
	}
	return fmt.Sprintf("the watcher of %s, %s", w.name, how)
}

// reset forgets all. The caller holds mu, or is alone.
func (w *watcher) reset() {
	w.replica, w.ages = map[string]*inventoryv1.Instance{}, map[string]age{}
	w.token, w.revision, w.begun = "", 0, !w.list
}

// run watches until ctx ends.
func (w *watcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.watch(ctx)
		switch {
		case ctx.Err() != nil, isAway(err):
		case status.Code(err) == codes.ResourceExhausted: // too slow: it may resume
		default:
			w.report(readable, "%s: the watch ended with %v", w, err)
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
	if !w.begun { // A list that was broken off begins anew.
		w.reset()
	}
	roll := w.rolls[w.turn%len(w.rolls)]
	request := &inventoryv1.WatchInstancesRequest{
		Filter: w.filter, ResumeToken: w.token, IncludeExisting: w.list && w.token == "",
		HeartbeatInterval: durationpb.New(200 * time.Millisecond),
	}
	w.mu.Unlock()
	stream, err := roll.WatchInstances(ctx, request)
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

// kill ends the current stream; the watcher resumes by itself.
func (w *watcher) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil {
		w.stop()
	}
}

// take judges and applies one message.
func (w *watcher) take(m *inventoryv1.WatchInstancesResponse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checks.Add(1)
	w.told++
	switch m.GetType() {
	case inventoryv1.WatchInstancesResponse_LISTED:
		w.begun = true
	case inventoryv1.WatchInstancesResponse_HEARTBEAT:
		if m.GetRevision() < w.revision {
			w.report(inOrder, "%s: a heartbeat goes back from revision %d to %d", w, w.revision, m.GetRevision())
		}
		if w.filter == "" && w.revision > 0 && m.GetRevision() != w.revision {
			w.report(inOrder, "%s: a heartbeat says that all was told up to %d, the last change was %d", w, m.GetRevision(), w.revision)
		}
	case inventoryv1.WatchInstancesResponse_EXISTING:
		if w.begun {
			w.report(sensible, "%s is told of %s as existing, after the list had ended", w, describe(m.GetInstance()))
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

// change judges and applies one change. The caller holds mu.
func (w *watcher) change(m *inventoryv1.WatchInstancesResponse) {
	w.events++
	i := m.GetInstance()
	if m.GetRevision() <= w.revision || w.filter == "" && w.revision > 0 && m.GetRevision() != w.revision+1 {
		w.report(inOrder, "%s is told revision %d (%s %s) after %d", w, m.GetRevision(), m.GetType(), describe(i), w.revision)
	}
	if now, before := ageOf(i), w.ages[i.GetName()]; now.olderThan(before) {
		w.report(neverOlder, "%s is told of %s at %v after %v, revision %d", w, describe(i), now, before, m.GetRevision())
	}
	w.ages[i.GetName()] = ageOf(i)
	before, seen := w.replica[i.GetName()]
	known := seen && w.matches(before) // until it matches again, nothing is told of one that does not
	wasGone := before.GetState() == inventoryv1.Instance_GONE
	isGone := i.GetState() == inventoryv1.Instance_GONE
	full := w.filter == "" && (w.list || w.fromZero())
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
		w.report(sensible, "%s is told that %s is %s at revision %d; it had it as %v (known: %t)", w, describe(i), m.GetType(), m.GetRevision(), before.GetState(), seen)
	}
	w.replica[i.GetName()] = i
}

// fromZero tells whether the watch began before there was anything.
func (w *watcher) fromZero() bool { return w.name == beginning.name }

// beginning is the view of the watcher that was there before all else.
var beginning = view{"everything from the beginning", "", everything.matches}

// awaitRevision waits until the watcher has been told all up to a revision.
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
		case <-w.broken:
			return w.verdict()
		case <-ctx.Done():
			return fmt.Errorf("%s is at revision %d, and does not get to %d", w, at, revision)
		}
	}
}

// differences holds the replica against the roll as it stands, gone ones too;
// "" when they agree.
func (w *watcher) differences(roll []*inventoryv1.Instance) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	onRoll := map[string]*inventoryv1.Instance{}
	var all []string
	for _, i := range roll {
		onRoll[i.GetName()] = i
		has, known := w.replica[i.GetName()]
		gone := i.GetState() == inventoryv1.Instance_GONE
		switch {
		case !known && w.matches(i) && !gone && (w.list || w.fromZero()):
			all = append(all, "it lacks "+describe(i))
		case known && (w.matches(i) || w.matches(has)) && !same(i, has):
			all = append(all, fmt.Sprintf("it has %v, the roll %v", has, i))
		}
	}
	for name, i := range w.replica {
		if onRoll[name] == nil {
			all = append(all, "the roll lacks "+describe(i))
		}
	}
	slices.Sort(all)
	if len(all) > 5 {
		all = append(all[:5], fmt.Sprintf("and %d more", len(all)-5))
	}
	return strings.Join(all, "; ")
}

// same tells whether two sightings are of the same state: when it was last
// looked at is no part of it.
func same(a, b *inventoryv1.Instance) bool {
	a, b = proto.CloneOf(a), proto.CloneOf(b)
	a.ObserveTime, b.ObserveTime = nil, nil
	return proto.Equal(a, b)
}
