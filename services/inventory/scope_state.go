package inventory

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// ScopeState is the stored state of a scope, as far as a decision needs it.
type ScopeState struct {
	// Fence is the token of the last complete observation, AttemptFence the largest token of an attempt
	// that ended, and SingleFence that of an observation of a single instance.
	Fence, AttemptFence, SingleFence int64
	// Claim and ClaimFence are those of the observation under way; nil if there is none.
	Claim, ClaimFence *int64
	// LastComplete is the time of the last complete observation; nil if there was none.
	LastComplete    *time.Time
	LastErrorReason string
	// SyncInterval is nil if it is not known.
	SyncInterval *time.Duration
	// GapReason and GapError are those of the first failure after LastComplete.
	GapReason, GapError string
	Hold                *Hold
}

// ClaimedBy reports whether the observation under way is the one with this claim.
func (s *ScopeState) ClaimedBy(claim int64) bool { return s.Claim != nil && *s.Claim == claim }

// Newer reports whether an observation of the scope that is stored or under way is newer than a single
// observation with this token.
func (s *ScopeState) Newer(fence int64) bool {
	return fence < s.Fence || s.ClaimFence != nil && fence <= *s.ClaimFence
}

// Gap returns why the scope was not observed between LastComplete and a complete observation at end,
// whose token is fence. The reason is empty if there was no gap. A failure of a newer attempt does not
// count, because it is about a later time.
func (s *ScopeState) Gap(fence int64, end time.Time) (reason, text string) {
	switch {
	case s.LastComplete == nil || !end.After(*s.LastComplete):
		return "", ""
	case s.GapReason != "" && s.AttemptFence <= fence:
		return s.GapReason, s.GapError
	case s.SyncInterval != nil && end.Sub(*s.LastComplete) > 2**s.SyncInterval:
		return ReasonNotObserved, ""
	default:
		return "", ""
	}
}

// Confirmation is the effect of the confirmation of a scope.
type Confirmation uint8

// The confirmations.
const (
	// ConfirmHeld marks the instances that the scope is held for as gone.
	ConfirmHeld Confirmation = iota
	// ConfirmRetired marks all instances of a retired scope as gone.
	ConfirmRetired
)

// Confirm returns what the confirmation of a scope does. A zero holdTime confirms any hold. Errors:
// FAILED_PRECONDITION with NOT_HELD; ABORTED with HOLD_CHANGED if the scope is held since another time.
func (s *ScopeState) Confirm(key ScopeKey, holdTime time.Time) (Confirmation, error) {
	switch {
	case s.Hold == nil && s.LastErrorReason == ReasonRetired && holdTime.IsZero():
		return ConfirmRetired, nil
	case s.Hold == nil:
		return 0, fault.New(fault.KindFailedPrecondition, fault.ReasonNotHeld, "%s is not held: there is nothing to confirm", key)
	case !holdTime.IsZero() && !holdTime.Equal(s.Hold.Time):
		return 0, fault.New(fault.KindAborted, fault.ReasonHoldChanged, "%s is held for an observation of %s: look again at what is missing",
			key, s.Hold.Time.UTC().Format(time.RFC3339Nano))
	}
	return ConfirmHeld, nil
}
