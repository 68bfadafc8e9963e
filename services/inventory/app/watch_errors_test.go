package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/rollcall-dev/rollcall/services/inventory/app"
)

func TestWatch_Invalid(t *testing.T) {
	t.Parallel()
	s := start(t)
	small := startOn(t, s.db, func(c *app.Config) { c.Watch.MaxWatchers = 1 })
	s.apply(t, observation(account, region, 1), machines(region, 0, 3)...)
	w := small.watch(t, &watchRequest{})
	token := func() string {
		m, err := w.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return m.GetResumeToken()
	}()
	_, err := small.tryWatch(t, &watchRequest{})
	refused(t, err, codes.ResourceExhausted, "TOO_MANY_WATCHERS")

	for field, req := range map[string]*watchRequest{
		"filter":             {Filter: `stat = RUNNING`},
		"filter ":            {Filter: `observe_time > 2026-01-01T00:00:00Z`},
		"resume_token":       {ResumeToken: "x"},
		"resume_token ":      {ResumeToken: token, Filter: `state = RUNNING`},
		"include_existing":   {ResumeToken: token, IncludeExisting: true},
		"heartbeat_interval": {HeartbeatInterval: durationpb.New(time.Millisecond)},
	} {
		_, err := s.tryWatch(t, req)
		violates(t, err, strings.TrimSpace(field))
	}
}

// If the changes after a token are no longer kept, the watch ends with an error and never with a
// gap.
func TestWatch_TokenExpired(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ lost, text string }{
		"forgotten":        {`UPDATE change_head SET floor_revision = 3`, "no longer kept"},
		"another log":      {`UPDATE change_head SET log_id = gen_random_uuid()`, "replaced"},
		"restored, behind": {`UPDATE change_head SET revision = 1, time = (SELECT time FROM changes WHERE revision = 1)`, "restored"},
		"restored, beyond": {`UPDATE changes SET time = time - interval '1 minute' WHERE revision <= 2`, "restored"},
		"a hole":           {`DELETE FROM changes WHERE revision = 3`, "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			w := s.watch(t, &watchRequest{})
			for n := range 5 {
				s.apply(t, observation(account, region, int64(n+1)), machines(region, 0, n+1)...)
			}
			token := w.take(t, 5)[1].GetResumeToken()
			w.stop()
			if _, err := s.db.Pool(t).Exec(t.Context(), c.lost); err != nil {
				t.Fatal(err)
			}
			other := startOn(t, s.db) // the first one has it in memory
			w, err := other.tryWatch(t, &watchRequest{ResumeToken: token})
			if err == nil {
				err = w.ended()
			}
			refused(t, err, codes.OutOfRange, "TOKEN_EXPIRED")
			if !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), "include_existing") {
				t.Errorf("says %v", err)
			}
		})
	}
}

// A watcher of a log that was replaced ends with an error too.
func TestWatch_RestoredDatabase(t *testing.T) {
	t.Parallel()
	s := start(t)
	w := s.watch(t, &watchRequest{})
	s.apply(t, observation(account, region, 1), machines(region, 0, 3)...)
	w.take(t, 3)
	if _, err := s.db.Pool(t).Exec(t.Context(), `
		UPDATE change_head SET revision = 2, time = (SELECT time FROM changes WHERE revision = 2); DELETE FROM changes WHERE revision > 2`); err != nil {
		t.Fatal(err)
	}
	refused(t, w.ended(), codes.OutOfRange, "TOKEN_EXPIRED")
	w = s.watch(t, &watchRequest{})
	s.apply(t, observation(account, region, 2), machines(region, 0, 4)...)
	requireMessages(t, w.take(t, 1), "CREATED web-3 RUNNING")
}

// A replica that shuts down ends its watches at once, and another one continues them.
func TestWatch_ReplicaShutsDown(t *testing.T) {
	t.Parallel()
	s := start(t)
	w := s.watch(t, &watchRequest{})
	s.apply(t, observation(account, region, 1), machine(region, 1))
	last := w.next(t)
	s.stop()
	metadata := refused(t, w.ended(), codes.Unavailable, "SHUTTING_DOWN")
	if metadata["resumeToken"] != last.GetResumeToken() {
		t.Errorf("resume from %v, want %v", metadata, last.GetResumeToken())
	}
	s = startOn(t, s.db)
	s.apply(t, observation(account, region, 2), machines(region, 1, 3)...)
	w = s.watch(t, &watchRequest{ResumeToken: metadata["resumeToken"]})
	requireMessages(t, w.take(t, 1), "CREATED web-2 RUNNING")
}

// A watcher that reads nothing is dropped and can resume; the others receive everything.
func TestWatch_TooSlow(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	s := startOn(t, start(t).db, func(c *app.Config) {
		c.Metrics.Registry = registry
		c.Watch.RingEvents = 100
		c.Watch.SlowLimit = 100 * time.Millisecond
	})
	slow := s.watch(t, &watchRequest{})
	begun, err := slow.Recv()
	if err != nil {
		t.Fatal(err)
	}
	for fence := int64(1); counted(t, registry, "rollcall_inventory_watchers_dropped_total") == 0; fence++ {
		instances := machines(region, 0, 500)
		for _, instance := range instances {
			instance.Labels["round"] = fmt.Sprint(fence)
		}
		s.apply(t, observation(account, region, fence), instances...)
	}
	head, _ := s.head(t)
	fast := s.revisions(t, begun.GetResumeToken(), head)

	var got []int64
	last := begun
	for {
		m, err := slow.Recv()
		if err != nil {
			if metadata := refused(t, err, codes.ResourceExhausted, "WATCHER_TOO_SLOW"); metadata["resumeToken"] != last.GetResumeToken() {
				t.Errorf("resume from %s, received up to %s", metadata["resumeToken"], last.GetResumeToken())
			}
			break
		}
		if last = m; m.GetType() != heartbeat {
			got = append(got, m.GetRevision())
		}
	}
	got = append(got, s.revisions(t, last.GetResumeToken(), head)...)
	for name, all := range map[string][]int64{"slow": got, "fast": fast} {
		for n, revision := range all {
			if revision != int64(n+1) {
				t.Fatalf("the %s one received %d after %d others", name, revision, n)
			}
		}
		if int64(len(all)) != head {
			t.Errorf("the %s one received %d changes of %d", name, len(all), head)
		}
	}
}

// revisions returns those after a token, up to one. On a busy machine the watcher may be too slow
// too, and resumes.
func (s *service) revisions(t testing.TB, token string, head int64) []int64 {
	t.Helper()
	var all []int64
	for len(all) == 0 || all[len(all)-1] < head {
		w := s.watch(t, &watchRequest{ResumeToken: token})
		for len(all) == 0 || all[len(all)-1] < head {
			m, err := w.Recv()
			if status.Code(err) == codes.ResourceExhausted {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if token = m.GetResumeToken(); m.GetType() != heartbeat {
				all = append(all, m.GetRevision())
			}
		}
		w.stop()
	}
	return all
}

// counted returns the value of a counter.
func counted(t testing.TB, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}
