package cloudsim_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

func of(kinds ...cloudsim.FaultKind) cloudsim.FaultSet {
	var set cloudsim.FaultSet
	for _, kind := range kinds {
		set = append(set, cloudsim.Fault{Kind: kind})
	}
	return set
}

func TestFaultSet_Delay(t *testing.T) {
	slow := cloudsim.Fault{Kind: cloudsim.Slow, Delay: 3 * time.Second}
	cases := map[string]struct {
		faults cloudsim.FaultSet
		want   bool
		took   time.Duration
	}{
		"no fault":      {nil, true, time.Second},
		"two slow ones": {cloudsim.FaultSet{slow, slow}, true, 7 * time.Second},
		"other fault":   {of(cloudsim.Empty), true, time.Second},
		"drop":          {cloudsim.FaultSet{slow, {Kind: cloudsim.Drop}}, false, 0},
		"hang":          {of(cloudsim.Hang), false, time.Minute},
		"longer than the client waits": {
			cloudsim.FaultSet{{Kind: cloudsim.Slow, Delay: time.Hour}}, false, time.Minute,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				got := c.faults.Delay(ctx, time.Second)
				if took := time.Since(start); got != c.want || took != c.took {
					t.Errorf("%v after %v, want %v after %v", got, took, c.want, c.took)
				}
			})
		})
	}
}

func TestFaultSet_Lost(t *testing.T) {
	for kind, want := range map[cloudsim.FaultKind]time.Duration{cloudsim.LoseAnswer: 0, cloudsim.HangAfter: time.Minute} {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				lost := of(kind).Lost(ctx)
				if took := time.Since(start); !lost || took != want {
					t.Errorf("%v after %v, want true after %v", lost, took, want)
				}
			})
		})
	}
	if of(cloudsim.FailAfter, cloudsim.Drop).Lost(t.Context()) {
		t.Error("other faults lose the response")
	}
}

func TestFaultSet_NextToken(t *testing.T) {
	cases := map[string]struct {
		faults          cloudsim.FaultSet
		presented, next string
		want            string
	}{
		"no fault":            {nil, "1", "2", "2"},
		"no fault, last page": {nil, "2", "", ""},
		"last page":           {of(cloudsim.LastPage), "1", "2", ""},
		"repeat":              {of(cloudsim.RepeatToken), "1", "2", "1"},
		"repeat, first page":  {of(cloudsim.RepeatToken), "", "2", "2"},
		"endless":             {of(cloudsim.EndlessPages), "1", "2", "2"},
		"endless, last page":  {of(cloudsim.EndlessPages), "2", "", "same"},
	}
	for name, c := range cases {
		if got := c.faults.NextToken(c.presented, c.next, "same"); got != c.want {
			t.Errorf("%s: token %q, want %q", name, got, c.want)
		}
	}
}

// TestFaultSet_LeavesOut checks that Incomplete omits about half of the ids, always the same.
func TestFaultSet_LeavesOut(t *testing.T) {
	faults, omitted := of(cloudsim.Incomplete), 0
	for i := range 1000 {
		id := fmt.Sprintf("i-%d", i)
		first := faults.LeavesOut(id)
		if first {
			omitted++
		}
		if faults.LeavesOut(id) != first {
			t.Errorf("%s is omitted at times", id)
		}
		if of(cloudsim.LastPage).LeavesOut(id) {
			t.Errorf("%s is omitted without the fault", id)
		}
	}
	if omitted < 400 || omitted > 600 {
		t.Errorf("%d of 1000 ids are omitted", omitted)
	}
}

func TestFaultSet_Truncated(t *testing.T) {
	if n, cut := of(cloudsim.Truncate).Truncated(10); n != 5 || !cut {
		t.Errorf("%d bytes, cut %v, want 5, true", n, cut)
	}
	if _, cut := of(cloudsim.Malformed).Truncated(10); cut {
		t.Error("a response without the fault is cut")
	}
}
