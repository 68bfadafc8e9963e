package app_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

type (
	watchRequest = inventoryv1.WatchInstancesRequest
	received     = inventoryv1.WatchInstancesResponse
)

const (
	created    = inventoryv1.WatchInstancesResponse_CREATED
	changed    = inventoryv1.WatchInstancesResponse_CHANGED
	gone       = inventoryv1.WatchInstancesResponse_GONE
	reappeared = inventoryv1.WatchInstancesResponse_REAPPEARED
	existing   = inventoryv1.WatchInstancesResponse_EXISTING
	listed     = inventoryv1.WatchInstancesResponse_LISTED
	heartbeat  = inventoryv1.WatchInstancesResponse_HEARTBEAT
)

// watching is a watch that has begun.
type watching struct {
	inventoryv1.InventoryService_WatchInstancesClient
	stop context.CancelFunc
}

// watch begins a watch, and returns when it has begun.
func (s *service) watch(t testing.TB, req *watchRequest) *watching {
	t.Helper()
	w, err := s.tryWatch(t, req)
	if err != nil {
		t.Fatalf("WatchInstances(%v): %v", req, err)
	}
	return w
}

func (s *service) tryWatch(t testing.TB, req *watchRequest) (*watching, error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	stream, err := s.WatchInstances(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if header, err := stream.Header(); err != nil || header == nil { // it ended before it began
		_, err = stream.Recv()
		return nil, err
	}
	return &watching{stream, stop}, nil
}

// next returns the next message that is not a heartbeat.
func (w *watching) next(t testing.TB) *received {
	t.Helper()
	for {
		m, err := w.Recv()
		if err != nil {
			t.Fatalf("the watch ended: %v", err)
		}
		if m.GetType() != heartbeat {
			return m
		}
	}
}

func (w *watching) take(t testing.TB, count int) []*received {
	t.Helper()
	var all []*received
	for range count {
		all = append(all, w.next(t))
	}
	return all
}

// ended returns the error that the watch ends with.
func (w *watching) ended() error {
	for {
		if _, err := w.Recv(); err != nil {
			return err
		}
	}
}

// summary returns the type, name and state of a message.
func summary(m *received) string {
	words := []string{m.GetType().String()}
	if m.GetInstance() != nil {
		words = append(words, m.GetInstance().GetDisplayName(), m.GetInstance().GetState().String())
	}
	return strings.Join(words, " ")
}

func summaries(all []*received) []string {
	var texts []string
	for _, m := range all {
		texts = append(texts, summary(m))
	}
	return texts
}

// requireMessages compares messages with their summaries.
func requireMessages(t testing.TB, got []*received, want ...string) {
	t.Helper()
	texts := summaries(got)
	if !slices.Equal(texts, want) {
		t.Fatalf("received\n %s\nwant\n %s", strings.Join(texts, "\n "), strings.Join(want, "\n "))
	}
}

// with returns a copy of the machine with something changed.
func with(m *inventoryv1.Instance, change func(*inventoryv1.Instance)) *inventoryv1.Instance {
	m = proto.Clone(m).(*inventoryv1.Instance)
	change(m)
	return m
}

func stopped(m *inventoryv1.Instance) {
	m.State, m.ProviderState = inventoryv1.Instance_STOPPED, "stopped"
}

func TestWatch_Changes(t *testing.T) {
	t.Parallel()
	s := start(t)
	w := s.watch(t, &watchRequest{})
	first, err := w.Recv()
	if err != nil || first.GetType() != heartbeat || first.GetResumeToken() == "" || first.GetRevision() != 0 {
		t.Fatalf("begins with %v, %v", first, err)
	}
	web := machine(region, 1)
	s.apply(t, observation(account, region, 1), web)
	s.apply(t, observation(account, region, 2), with(web, stopped))
	s.apply(t, observation(account, region, 3))
	s.apply(t, observation(account, region, 4), with(web, func(m *inventoryv1.Instance) { m.Labels["team"] = "new" }))

	all := w.take(t, 4)
	requireMessages(t, all, "CREATED web-1 RUNNING", "CHANGED web-1 STOPPED", "GONE web-1 GONE", "REAPPEARED web-1 RUNNING")
	for n, m := range all {
		if m.GetRevision() != int64(n+1) || m.GetResumeToken() == "" {
			t.Errorf("revision %d, token %q", m.GetRevision(), m.GetResumeToken())
		}
		if got := m.GetInstance().GetObserveTime().AsTime(); !got.Equal(at(int64(n + 1))) {
			t.Errorf("%s was observed at %s", summary(m), got)
		}
	}
	for n, want := range [][]string{nil, {"providerState", "state"}, {"goneTime", "state"}, {"goneTime", "labels", "providerState", "state"}} {
		if got := all[n].GetChangedFields(); !slices.Equal(got, want) {
			t.Errorf("%s: changed %v, want %v", summary(all[n]), got, want)
		}
	}
	// As of its commit time, each instance is as it was received.
	for _, m := range all {
		got, err := s.GetInstance(t.Context(), &inventoryv1.GetInstanceRequest{Name: m.GetInstance().GetName(), AsOf: m.GetCommitTime()})
		if err != nil || got.GetState() != m.GetInstance().GetState() || got.GetEtag() != m.GetInstance().GetEtag() {
			t.Errorf("received %v\nas of %v it was %v, %v", m.GetInstance(), m.GetCommitTime().AsTime(), got, err)
		}
	}
	// The last message has the instance as it is stored.
	got, err := s.GetInstance(t.Context(), &inventoryv1.GetInstanceRequest{Name: all[3].GetInstance().GetName()})
	if err != nil || !proto.Equal(got, all[3].GetInstance()) {
		t.Errorf("received %v\nthe inventory has %v, %v", all[3].GetInstance(), got, err)
	}
}

// From the token of every message, the rest of the messages follow: none is missing or repeated,
// from memory and from the database.
func TestWatch_ResumeAtEveryMessage(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), machines(region, 0, 5)...)
	w := s.watch(t, &watchRequest{IncludeExisting: true})
	s.apply(t, observation(account, region, 2), machines(region, 2, 8)...)
	s.apply(t, observation(account, region, 3), machines(region, 0, 6)...)
	const count = 5 + 1 + (3 + 2) + (2 + 2)
	all := w.take(t, count)
	requireMessages(t, all[5:6], "LISTED")
	other := startOn(t, s.db) // with nothing in memory
	for n, m := range all {
		for _, replica := range []*service{s, other} {
			resumed := replica.watch(t, &watchRequest{ResumeToken: m.GetResumeToken()})
			rest := resumed.take(t, count-n-1)
			for k := range rest {
				if rest[k].GetType() == existing { // it was observed since
					rest[k].Instance.ObserveTime = all[n+1+k].GetInstance().GetObserveTime()
				}
				if !proto.Equal(rest[k], all[n+1+k]) {
					t.Fatalf("resumed after %d, message %d is\n%v\nwant\n%v", n, n+1+k, rest[k], all[n+1+k])
				}
			}
			resumed.stop()
		}
	}
	// Both continue with new changes.
	for _, replica := range []*service{s, other} {
		resumed := replica.watch(t, &watchRequest{ResumeToken: all[count-1].GetResumeToken()})
		defer func() { requireMessages(t, resumed.take(t, 1), "CREATED web-99 RUNNING") }()
	}
	s.apply(t, observation(account, "us-east-1", 4), machine("us-east-1", 99))
}

// A list is as of the time when the watch began, whatever is written meanwhile, in pages and over
// reconnects.
func TestWatch_Existing(t *testing.T) {
	t.Parallel()
	s := start(t)
	const count = 450 // three pages
	s.apply(t, observation(account, region, 1), machines(region, 0, count)...)
	w := s.watch(t, &watchRequest{IncludeExisting: true, Filter: `labels.team = "web"`})
	first := w.next(t)
	s.apply(t, observation(account, region, 2), machines(region, 100, count+100)...)
	names := map[string]bool{first.GetInstance().GetName(): true}
	last := first
	for n := 1; ; n++ {
		if n%50 == 0 {
			w.stop()
			w = s.watch(t, &watchRequest{ResumeToken: last.GetResumeToken(), Filter: `labels.team = "web"`})
		}
		m := w.next(t)
		if m.GetRevision() != count {
			t.Fatalf("%s as of revision %d", summary(m), m.GetRevision())
		}
		last = m
		if m.GetType() == listed {
			break
		}
		if m.GetType() != existing || names[m.GetInstance().GetName()] {
			t.Fatalf("received %s", m)
		}
		names[m.GetInstance().GetName()] = true
	}
	if len(names) != count/2 {
		t.Errorf("%d of %d are listed", len(names), count/2)
	}
	for range 100 { // 50 are created, 50 are gone
		m := w.next(t)
		if was := names[m.GetInstance().GetName()]; was != (m.GetType() == gone) || !was && m.GetType() != created {
			t.Fatalf("received %s", m)
		}
	}
}

// A watcher receives the changes of instances that its filter matches, and the change after which
// it does not match any more.
func TestWatch_Filters(t *testing.T) {
	t.Parallel()
	s := start(t)
	web := machine(region, 1)
	s.apply(t, observation(account, region, 1), web)
	const other = "accounts/aws-200000000002"
	filters := map[string]*watching{}
	for _, filter := range []string{
		`state = RUNNING`, `account = "` + account + `"`, `account = "` + other + `" OR account = "` + account + `"`,
		`labels.team = data`, `account = "` + other + `"`, `account = a AND account = b`, `state = GONE`,
		`account = "` + account + `" AND virtualMachine.spot = true`,
	} {
		filters[filter] = s.watch(t, &watchRequest{Filter: filter})
	}
	s.apply(t, observation(account, region, 2), with(web, stopped))
	s.apply(t, observation(account, region, 3), with(web, func(m *inventoryv1.Instance) { stopped(m); m.Labels["team"] = "data" }))
	s.apply(t, observation(account, region, 4), web)
	s.apply(t, observation(account, region, 5))
	s.apply(t, observation(other, region, 6), with(machine(region, 2), stopped)) // is the last change for all
	for filter, want := range map[string][]string{
		`state = RUNNING`: {"CHANGED web-1 STOPPED", "CHANGED web-1 RUNNING", "GONE web-1 GONE"},
		`account = "` + account + `"`: {"CHANGED web-1 STOPPED", "CHANGED web-1 STOPPED", "CHANGED web-1 RUNNING",
			"GONE web-1 GONE"},
		`account = "` + other + `" OR account = "` + account + `"`: {"CHANGED web-1 STOPPED", "CHANGED web-1 STOPPED",
			"CHANGED web-1 RUNNING", "GONE web-1 GONE", "CREATED web-2 STOPPED"},
		`labels.team = data`:          {"CHANGED web-1 STOPPED", "CHANGED web-1 RUNNING", "CREATED web-2 STOPPED"},
		`account = "` + other + `"`:   {"CREATED web-2 STOPPED"},
		`account = a AND account = b`: nil,
		`state = GONE`:                {"GONE web-1 GONE"},
		`account = "` + account + `" AND virtualMachine.spot = true`: nil,
	} {
		w := filters[filter]
		t.Run(filter, func(t *testing.T) {
			requireMessages(t, w.take(t, len(want)), want...)
		})
	}
}

// Without changes a heartbeat arrives, and its token moves on.
func TestWatch_Heartbeats(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, filter := range []string{`account = "accounts/none"`, `account = a AND account = b`, `labels.team = none`} {
		w := s.watch(t, &watchRequest{Filter: filter, HeartbeatInterval: durationpb.New(100 * time.Millisecond)})
		fence := time.Now().UnixNano()
		s.apply(t, observation(account, region, fence), machines(region, 0, 3)...)
		revision, _ := s.head(t)
		for {
			m, err := w.Recv()
			if err != nil || m.GetType() != heartbeat || m.GetInstance() != nil {
				t.Fatalf("%v, %v", m, err)
			}
			if m.GetRevision() == revision {
				resumed := s.watch(t, &watchRequest{Filter: filter, ResumeToken: m.GetResumeToken(),
					HeartbeatInterval: durationpb.New(100 * time.Millisecond)})
				if again, err := resumed.Recv(); err != nil || again.GetResumeToken() != m.GetResumeToken() {
					t.Errorf("%v, %v", again, err)
				}
				break
			}
		}
		w.stop()
	}
}

// head returns the revision and the time of the last change.
func (s *service) head(t testing.TB) (revision int64, moment time.Time) {
	t.Helper()
	if err := s.db.Pool(t).QueryRow(t.Context(), `SELECT revision, time FROM change_head`).Scan(&revision, &moment); err != nil {
		t.Fatal(err)
	}
	return revision, moment
}
