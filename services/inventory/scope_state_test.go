package inventory_test

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

func TestScopeState_Newer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		state inventory.ScopeState
		fence int64
		want  bool
	}{
		{"never observed", inventory.ScopeState{}, 5, false},
		{"older observation", inventory.ScopeState{Fence: 4}, 5, false},
		{"same token", inventory.ScopeState{Fence: 5}, 5, false},
		{"newer observation", inventory.ScopeState{Fence: 6}, 5, true},
		{"older one under way", inventory.ScopeState{ClaimFence: new(int64(4))}, 5, false},
		{"same one under way", inventory.ScopeState{ClaimFence: new(int64(5))}, 5, true},
		{"newer one under way", inventory.ScopeState{ClaimFence: new(int64(6))}, 5, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.state.Newer(c.fence); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestScopeState_ClaimedBy(t *testing.T) {
	t.Parallel()
	none, seven := inventory.ScopeState{}, inventory.ScopeState{Claim: new(int64(7))}
	if none.ClaimedBy(0) || seven.ClaimedBy(6) || !seven.ClaimedBy(7) {
		t.Error("a claim is confused with another one")
	}
}

func TestScopeState_Gap(t *testing.T) {
	t.Parallel()
	last := time.Unix(1000, 0)
	at := func(seconds int) time.Time { return last.Add(time.Duration(seconds) * time.Second) }
	interval := 10 * time.Second
	for _, c := range []struct {
		name   string
		state  inventory.ScopeState
		end    time.Time
		reason string
	}{
		{"never observed", inventory.ScopeState{GapReason: "THROTTLED"}, at(1), ""},
		{"in time", inventory.ScopeState{LastComplete: &last, SyncInterval: &interval}, at(20), ""},
		{"overdue", inventory.ScopeState{LastComplete: &last, SyncInterval: &interval}, at(21), "NOT_OBSERVED"},
		{"unknown interval", inventory.ScopeState{LastComplete: &last}, at(10000), ""},
		{"failed", inventory.ScopeState{LastComplete: &last, GapReason: "THROTTLED", AttemptFence: 5}, at(1), "THROTTLED"},
		{"failed later", inventory.ScopeState{LastComplete: &last, GapReason: "THROTTLED", AttemptFence: 6}, at(1), ""},
		{"not after the last one", inventory.ScopeState{LastComplete: &last, GapReason: "THROTTLED"}, at(0), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := c.state.Gap(5, c.end); got != c.reason {
				t.Errorf("got %q, want %q", got, c.reason)
			}
		})
	}
}

func TestScopeState_Confirm(t *testing.T) {
	t.Parallel()
	held := &inventory.Hold{Time: time.Unix(1, 0)}
	for _, c := range []struct {
		name     string
		state    inventory.ScopeState
		holdTime time.Time
		want     inventory.Confirmation
		reason   fault.Reason
	}{
		{"any hold", inventory.ScopeState{Hold: held}, time.Time{}, inventory.ConfirmHeld, ""},
		{"this hold", inventory.ScopeState{Hold: held}, time.Unix(1, 0), inventory.ConfirmHeld, ""},
		{"another hold", inventory.ScopeState{Hold: held}, time.Unix(2, 0), 0, fault.ReasonHoldChanged},
		{"not held", inventory.ScopeState{}, time.Time{}, 0, fault.ReasonNotHeld},
		{"retired", inventory.ScopeState{LastErrorReason: inventory.ReasonRetired}, time.Time{}, inventory.ConfirmRetired, ""},
		{"retired, with a time", inventory.ScopeState{LastErrorReason: inventory.ReasonRetired}, time.Unix(1, 0), 0, fault.ReasonNotHeld},
		{"retired and held", inventory.ScopeState{LastErrorReason: inventory.ReasonRetired, Hold: held}, time.Time{}, inventory.ConfirmHeld, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.state.Confirm(inventory.ScopeKey{}, c.holdTime)
			if got != c.want || fault.ReasonOf(err) != c.reason {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
}

func TestObservation_Until(t *testing.T) {
	t.Parallel()
	for want, obs := range map[int64]inventory.Observation{5: {Fence: 5}, 7: {Fence: 5, End: 7}, 9: {Fence: 9, End: 7}} {
		if got := obs.Until(); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}
