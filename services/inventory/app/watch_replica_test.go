package app_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/inventory/app"
)

// replica is a copy of the inventory that a watcher keeps, across any number of watches.
type replica struct {
	filter    string
	matches   func(*inventoryv1.Instance) bool
	instances map[string]*inventoryv1.Instance
	revision  int64
	token     string
}

// take applies a message. Each revision of the log comes once and in order.
func (r *replica) take(m *received) error {
	switch m.GetType() {
	case created, changed, gone, reappeared:
		if m.GetRevision() <= r.revision {
			return fmt.Errorf("%s of revision %d came after %d", summary(m), m.GetRevision(), r.revision)
		}
		r.revision = m.GetRevision()
	case existing:
		if r.instances[m.GetInstance().GetName()] != nil {
			return fmt.Errorf("%s twice", summary(m))
		}
	case listed, heartbeat:
		r.revision = max(r.revision, m.GetRevision())
	}
	if i := m.GetInstance(); i != nil {
		r.instances[i.GetName()] = i
		if i.GetState() == inventoryv1.Instance_GONE || !r.matches(i) {
			delete(r.instances, i.GetName())
		}
	}
	r.token = m.GetResumeToken()
	return nil
}

// follow watches until all changes up to a revision have arrived, and changes the replica of the
// service now and then.
func (r *replica) follow(t *testing.T, services []*service, random *rand.Rand, until func() int64) error {
	t.Helper()
	for r.revision < until() {
		s := services[random.IntN(len(services))]
		w, err := s.tryWatch(t, &watchRequest{Filter: r.filter, ResumeToken: r.token, IncludeExisting: r.token == "",
			HeartbeatInterval: durationpb.New(100 * time.Millisecond)})
		if err != nil {
			return err
		}
		for n := random.IntN(40) + 2; n > 0 && r.revision < until(); n-- {
			m, err := w.Recv()
			if err == nil {
				err = r.take(m)
			}
			if err != nil {
				return err
			}
		}
		w.stop()
		_ = w.ended()
	}
	return nil
}

// A watcher that applies all messages has the inventory: with two writers at once, two replicas of
// the service, and connections that break all the time.
func TestWatch_Replica(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			a := start(t)
			b := startOn(t, a.db, func(c *app.Config) { c.Watch.RingEvents = 20 }) // so that it often reads the database
			services := []*service{a, b}
			var writers, watchers sync.WaitGroup
			written := make(chan struct{})
			for n, name := range []string{"accounts/aws-1", "accounts/aws-2"} {
				writers.Go(func() { services[n].write(t, name, rand.New(rand.NewPCG(seed, uint64(n)))) })
			}
			replicas := []*replica{
				{matches: func(*inventoryv1.Instance) bool { return true }},
				{filter: "state = RUNNING", matches: func(i *inventoryv1.Instance) bool { return i.GetState() == inventoryv1.Instance_RUNNING }},
				{filter: "account = aws-2", matches: func(i *inventoryv1.Instance) bool { return i.GetAccount() == "accounts/aws-2" }},
			}
			until := func() int64 { // the last revision, when no more come
				select {
				case <-written:
					revision, _ := a.head(t)
					return revision
				default:
					return 1 << 62
				}
			}
			for n, r := range replicas {
				r.instances = map[string]*inventoryv1.Instance{}
				watchers.Go(func() {
					if err := r.follow(t, services, rand.New(rand.NewPCG(seed, uint64(100+n))), until); err != nil {
						t.Errorf("%q: %v", r.filter, err)
					}
				})
			}
			writers.Wait()
			close(written)
			watchers.Wait()
			for _, r := range replicas {
				want := map[string]string{}
				for _, i := range a.list(t, &inventoryv1.ListInstancesRequest{Filter: r.filter, PageSize: 1000}) {
					want[i.GetName()] = i.GetEtag()
				}
				got := map[string]string{}
				for name, i := range r.instances {
					got[name] = i.GetEtag()
				}
				if !maps.Equal(got, want) {
					t.Errorf("%q: the watcher has %v\nthe inventory %v", r.filter, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
				}
			}
		})
	}
}

// write observes a scope repeatedly, each time with other instances.
func (s *service) write(t *testing.T, account string, random *rand.Rand) {
	t.Helper()
	for fence := range int64(25) {
		var seen []*inventoryv1.Instance
		for n := range 20 {
			m := machine(region, n)
			switch random.IntN(10) {
			case 0, 1: // not listed
				continue
			case 2, 3, 4:
				stopped(m)
			case 5:
				m.Labels["round"] = fmt.Sprint(fence)
			}
			seen = append(seen, m)
		}
		if _, err := s.snapshot(t, observation(account, region, fence+1), seen...); err != nil {
			t.Errorf("write %s: %v", account, err)
		}
	}
}

// A watch waits while the database is unavailable, and continues when it is back.
func TestWatch_DatabaseUnavailable(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := startOn(t, server.New(t, migrated))
	w := s.watch(t, &watchRequest{})
	s.apply(t, observation(account, region, 1), machine(region, 1))
	requireMessages(t, w.take(t, 1), "CREATED web-1 RUNNING")
	server.Stop(t)
	s.awaitHealth(t, healthpb.HealthCheckResponse_NOT_SERVING)
	_, err := s.tryWatch(t, &watchRequest{})
	refused(t, err, codes.Unavailable, "UNAVAILABLE")
	server.Start(t)
	s.awaitHealth(t, healthpb.HealthCheckResponse_SERVING)
	s.apply(t, observation(account, region, 2), machines(region, 1, 3)...)
	requireMessages(t, w.take(t, 1), "CREATED web-2 RUNNING")
}

// If the database is unavailable for long, watches end with the token to resume from.
func TestWatch_DatabaseUnavailableForLong(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	s := startOn(t, server.New(t, migrated), func(c *app.Config) { c.Watch.AwayLimit = time.Millisecond })
	w := s.watch(t, &watchRequest{})
	s.apply(t, observation(account, region, 1), machine(region, 1))
	last := w.next(t)
	server.Stop(t)
	metadata := refused(t, w.ended(), codes.Unavailable, "UNAVAILABLE")
	if metadata["resumeToken"] != last.GetResumeToken() {
		t.Errorf("resume from %v, received up to %s", metadata, last.GetResumeToken())
	}
}
