package sync

import (
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"pgregory.net/rapid"
)

func scopesOf(locations ...string) []ScopeResult {
	scopes := make([]ScopeResult, len(locations))
	for i, location := range locations {
		scopes[i].ScopeID = provider.ScopeID{Kind: cloud.VirtualMachine, Location: location}
	}
	return scopes
}

func TestConclude(t *testing.T) {
	t.Parallel()
	denied := fault.ForReason(fault.ReasonPermissionDenied, "denied", "allow it", nil)
	down := fault.ForReason(fault.ReasonUnreachable, "down", "wait", nil)
	for name, test := range map[string]struct {
		scopes   []ScopeResult
		failures map[int]*fault.Error
		state    RunState
		reason   fault.Reason
		says     []string
	}{
		"all well":  {scopesOf("a", "b"), nil, RunSucceeded, "", nil},
		"one":       {scopesOf("a", "b"), map[int]*fault.Error{1: down}, RunDegraded, fault.ReasonUnreachable, []string{"1 of 2", "virtual machines in b: down"}},
		"all":       {scopesOf("a", "b"), map[int]*fault.Error{0: down, 1: down}, RunFailed, fault.ReasonUnreachable, []string{"2 of 2", "in a, virtual machines in b: down"}},
		"most":      {scopesOf("a", "b", "c"), map[int]*fault.Error{0: down, 1: denied, 2: denied}, RunFailed, fault.ReasonPermissionDenied, []string{"in a: down; ", "denied"}},
		"first":     {scopesOf("a", "b", "c"), map[int]*fault.Error{1: down, 2: denied}, RunDegraded, fault.ReasonUnreachable, nil},
		"many same": {scopesOf("a", "b", "c", "d", "e"), map[int]*fault.Error{0: down, 1: down, 2: down, 3: down}, RunDegraded, fault.ReasonUnreachable, []string{"c and 1 more: down"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outcome := Conclude(test.scopes, test.failures)
			if outcome.State != test.state || (outcome.Failure == nil) != (test.state == RunSucceeded) {
				t.Fatalf("it came to %+v", outcome)
			}
			if outcome.Failure == nil {
				return
			}
			if outcome.Failure.Reason != test.reason || outcome.Failure.Remedy == "" {
				t.Errorf("it came to %+v", outcome.Failure)
			}
			for _, want := range test.says {
				if !strings.Contains(outcome.Failure.Message, want) {
					t.Errorf("%q lacks %q", outcome.Failure.Message, want)
				}
			}
		})
	}
}

// However many scopes fail, and whatever they say, the outcome has a reason that
// one of them had, and a text that fits.
func TestConcludeProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scopes := scopesOf(rapid.SliceOfN(rapid.String(), 1, 60).Draw(t, "locations")...)
		failures := map[int]*fault.Error{}
		had := map[fault.Reason]bool{}
		for i := range scopes {
			if rapid.Bool().Draw(t, "fails") {
				reason := rapid.SampledFrom([]fault.Reason{fault.ReasonPermissionDenied, fault.ReasonUnreachable, fault.ReasonInternal}).Draw(t, "reason")
				failures[i] = fault.ForReason(reason, rapid.String().Draw(t, "message"), "", nil)
				had[reason] = true
			}
		}
		outcome := Conclude(scopes, failures)
		switch {
		case len(failures) == 0 && outcome.State != RunSucceeded,
			len(failures) == len(scopes) && outcome.State != RunFailed,
			len(failures) > 0 && len(failures) < len(scopes) && outcome.State != RunDegraded:
			t.Fatalf("%d of %d failed: %s", len(failures), len(scopes), outcome.State)
		}
		if f := outcome.Failure; f != nil && (!had[f.Reason] || len(f.Message) > fault.MaxText+len("…")) {
			t.Fatalf("%s with %d bytes", f.Reason, len(f.Message))
		}
	})
}
