package cloudsim_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// fixed is a cloud of a fixed size whose events carry its name.
type fixed struct {
	name string
	size int
	err  error
}

func (f fixed) Check() error                         { return f.err }
func (f fixed) Build(*cloudsim.World) cloudsim.Cloud { return f }
func (f fixed) Size() int                            { return f.size }
func (f fixed) Step(*rand.Rand) cloudsim.Event       { return cloudsim.Event{Account: f.name} }

func TestManualClock(t *testing.T) {
	start := time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)
	clock := cloudsim.NewManualClock(start)
	clock.Advance(time.Minute)
	clock.Advance(time.Second)
	for range 2 { // reading does not move it
		if got, want := clock.Now(), start.Add(61*time.Second); !got.Equal(want) {
			t.Errorf("the clock shows %v, want %v", got, want)
		}
	}
}

// TestChurn_PicksCloudsBySize checks that a cloud without accounts is never picked, and the others
// in proportion.
func TestChurn_PicksCloudsBySize(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{Clouds: cloudsim.Clouds{
		fixed{name: "empty"}, fixed{name: "small", size: 1}, fixed{name: "large", size: 3}, fixed{name: "last"},
	}})
	count := make(map[string]int)
	for _, event := range w.Churn(1000) {
		count[event.Account]++
	}
	if count["small"] < 180 || count["small"] > 320 || count["small"]+count["large"] != 1000 {
		t.Errorf("events by cloud: %v, want about 250 small and 750 large", count)
	}
}

func TestConfig_Defaults(t *testing.T) {
	now := newClock().Now
	for name, c := range map[string]struct {
		cfg        cloudsim.Config
		epoch      time.Time
		transition time.Duration
	}{
		"zero value":       {cloudsim.Config{Now: now}, cloudsim.DefaultEpoch, cloudsim.DefaultTransition},
		"immediately":      {cloudsim.Config{Now: now, Transition: cloudsim.Immediately}, cloudsim.DefaultEpoch, 0},
		"own transition":   {cloudsim.Config{Now: now, Transition: time.Hour}, cloudsim.DefaultEpoch, time.Hour},
		"epoch in the way": {cloudsim.Config{Now: now, Epoch: now().Add(time.Hour)}, now(), cloudsim.DefaultTransition},
		"own epoch":        {cloudsim.Config{Now: now, Epoch: now().Add(-time.Hour)}, now().Add(-time.Hour), cloudsim.DefaultTransition},
	} {
		w := cloudsim.New(c.cfg)
		if !w.Epoch().Equal(c.epoch) || w.Transition() != c.transition {
			t.Errorf("%s: epoch %v, transition %v, want %v, %v", name, w.Epoch(), w.Transition(), c.epoch, c.transition)
		}
	}
}

func TestConfig_CheckReportsClouds(t *testing.T) {
	broken := errors.New("broken")
	cfg := cloudsim.Config{Clouds: cloudsim.Clouds{fixed{}, fixed{err: broken}}}
	if err := cfg.Check(); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the second cloud", err)
	}
}

func TestPageSize(t *testing.T) {
	for _, c := range []struct{ limit, wanted, want int }{{0, 500, 500}, {7, 500, 7}, {7, 3, 3}} {
		if got := cloudsim.New(cloudsim.Config{PageSize: c.limit}).PageSize(c.wanted); got != c.want {
			t.Errorf("limit %d, wanted %d: got %d, want %d", c.limit, c.wanted, got, c.want)
		}
	}
}

func TestFind_MissingCloud(t *testing.T) {
	defer func() {
		if r := recover(); r == nil || !strings.Contains(r.(string), "aws.Cloud") {
			t.Errorf("recovered %v, want a panic that names the cloud", r)
		}
	}()
	aws.In(cloudsim.New(cloudsim.Config{Clouds: cloudsim.Clouds{fixed{}}}))
}

func TestRequests(t *testing.T) {
	w := cloudsim.New(cloudsim.Config{})
	list, get := cloudsim.Call{Account: "a", Action: "List"}, cloudsim.Call{Account: "a", Action: "Get"}
	w.Record(list, false, false)
	w.Record(list, true, true)
	w.Record(get, false, true)
	for name, c := range map[string]struct {
		pattern cloudsim.Call
		want    cloudsim.Count
	}{
		"all":    {cloudsim.Call{}, cloudsim.Count{Requests: 3, Throttled: 1, Failed: 2}},
		"action": {cloudsim.Call{Action: "List"}, cloudsim.Count{Requests: 2, Throttled: 1, Failed: 1}},
		"none":   {cloudsim.Call{Account: "b"}, cloudsim.Count{}},
	} {
		if got := w.Requests(c.pattern); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	calls := w.Calls()
	w.ResetCounts()
	if len(calls) != 2 || calls[get].Failed != 1 || w.Requests(cloudsim.Call{}).Requests != 0 {
		t.Errorf("calls %v, then %+v", calls, w.Requests(cloudsim.Call{}))
	}
}

// TestMutations_KeepsTheLatest checks that old mutations are dropped, and the latest ten thousand
// never.
func TestMutations_KeepsTheLatest(t *testing.T) {
	clock := newClock()
	w := cloudsim.New(cloudsim.Config{Now: clock.Now})
	w.RecordMutation(cloudsim.Mutation{Target: "first"})
	clock.Advance(time.Minute)
	for range 25_000 {
		w.RecordMutation(cloudsim.Mutation{Call: cloudsim.Call{Action: "Stop"}, Target: "later"})
	}
	if got := w.Mutations(cloudsim.Call{}, "first"); len(got) != 0 {
		t.Errorf("the first of 25,001 is remembered: %v", got)
	}
	later := w.Mutations(cloudsim.Call{Action: "Stop"}, "later")
	if len(later) < 10_000 || !later[0].Time.Equal(clock.Now()) {
		t.Errorf("%d mutations are remembered", len(later))
	}
	if got := w.Mutations(cloudsim.Call{Action: "Start"}, ""); len(got) != 0 {
		t.Errorf("%d mutations of another action", len(got))
	}
}

func TestMergeTags(t *testing.T) {
	tags := []cloudsim.Tag{{Key: "a", Value: "1"}, {Key: "c", Value: "3"}, {Key: "d", Value: "4"}}
	got := cloudsim.MergeTags(tags, map[string]string{"b": "2", "c": "new"}, []string{"d", "unknown"})
	want := []cloudsim.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}, {Key: "c", Value: "new"}}
	if !slices.Equal(got, want) || tags[1].Value != "3" {
		t.Errorf("merged %v, want %v; the original is %v", got, want, tags)
	}
	if cloudsim.FindTag(got, "c") != "new" || cloudsim.FindTag(got, "d") != "" {
		t.Error("FindTag found another value")
	}
}
