package query_test

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// bare is a row that does not allocate.
type bare struct {
	name, state string
	labels      map[string]string
	created     time.Time
}

func (r *bare) Value(f *query.Field) query.Value {
	switch f.Path {
	case "display_name":
		return query.TextValue(r.name)
	case "state":
		return query.TextValue(r.state)
	case "labels":
		return query.MapValue(r.labels)
	case "create_time":
		return query.TimeValue(r.created)
	default:
		return query.Missing
	}
}

func TestMatch_NoAllocations(t *testing.T) {
	filter, err := things.ParseFilter(`state = RUNNING AND labels.team = "data" AND displayName : "EB-" AND NOT labels:"a*"
		AND create_time > 2026-01-01T00:00:00Z AND -location.zone:* web`)
	if err != nil {
		t.Fatal(err)
	}
	row := &bare{"web-1", "RUNNING", map[string]string{"team": "data"}, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}
	matched := true
	if n := testing.AllocsPerRun(100, func() { matched = matched && filter.Match(row) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if !matched {
		t.Error("no match")
	}
}

func TestUses(t *testing.T) {
	for _, test := range []struct {
		filter, path string
		want         bool
	}{
		{"", "state", false},
		{"state = RUNNING", "state", true},
		{"NOT (paused OR state != RUNNING)", "state", true},
		{"paused", "state", false},
		{"web", "display_name", true},
		{"web", "state", false},
		{"labels.state = x", "state", false},
		{"labels.state = x", "labels", true},
	} {
		filter, err := things.ParseFilter(test.filter)
		if err != nil {
			t.Fatal(err)
		}
		if got := filter.Uses(test.path); got != test.want {
			t.Errorf("%q uses %s: %v", test.filter, test.path, got)
		}
	}
}

func TestUsesOnly(t *testing.T) {
	for _, test := range []struct {
		filter string
		want   bool
	}{
		{"", true},
		{"state = RUNNING", true},
		{"NOT (account = aws-1 OR state != RUNNING)", true},
		{"state = RUNNING AND paused", false},
		{"labels.state = x", false},
		{"web", false},
	} {
		filter, err := things.ParseFilter(test.filter)
		if err != nil {
			t.Fatal(err)
		}
		if got := filter.UsesOnly("account", "state"); got != test.want {
			t.Errorf("%q uses account and state only: %v", test.filter, got)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	filter, err := things.ParseFilter(`account = aws-1 AND state = RUNNING AND labels.team = "data"`)
	if err != nil {
		b.Fatal(err)
	}
	row := &bare{"web-1", "RUNNING", map[string]string{"team": "data"}, time.Time{}}
	for b.Loop() {
		filter.Match(row)
	}
}
