package inventory

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// DeletionPolicy decides what becomes of instances that a complete observation of their scope did not
// list.
type DeletionPolicy struct {
	// MassDeletion is the number of missing instances from which on it is doubted that more than half
	// of a scope was deleted at once.
	MassDeletion int64
}

// DefaultDeletionPolicy is the policy of the service.
var DefaultDeletionPolicy = DeletionPolicy{MassDeletion: 5}

// MissingInstance is an instance that is stored alive and that a complete observation of its scope did
// not list.
type MissingInstance struct {
	UID uuid.UUID
	// Evidence is the provider's answer about it. It is never Found, because an instance that was
	// found counts as listed.
	Evidence Evidence
	// Again reports that an older complete observation did not list it either, and that the scope is
	// held because of it.
	Again bool
}

// Deletions is the result of a DeletionPolicy. Each missing instance is in one of the lists.
type Deletions struct {
	// Gone are the instances to mark as gone.
	Gone []uuid.UUID
	// Held are the instances whose deletion is doubted: the scope is held.
	Held []uuid.UUID
	// Inconclusive are the instances that the provider could not answer about. They do not hold the
	// scope.
	Inconclusive []uuid.UUID
	// NewlyHeld is the number of Held that were not held before.
	NewlyHeld int64
	// Alive is the number of instances of the scope before.
	Alive int64
}

// Decide returns what becomes of the missing instances of a scope in which so many are stored alive.
//
// If the provider reports NOT_FOUND for an ID, the instance is gone. The exception is a mass deletion:
// if more than half of the scope and at least MassDeletion instances are missing at once, something
// else may have gone wrong, such as credentials of another account, and the scope is held. If the
// provider only answers without the instance, it is held until the next complete observation, because a
// listing that is wrong may be wrong twice. If the provider can't answer, that proves nothing.
// Instances that two complete observations in a row did not list are gone.
func (p DeletionPolicy) Decide(alive int64, missing []MissingInstance) Deletions {
	d := Deletions{Alive: alive}
	var again int64
	for _, m := range missing {
		if m.Again {
			again++
		}
	}
	missingNow, aliveBefore := int64(len(missing))-again, alive-again
	massDeletion := missingNow >= p.MassDeletion && 2*missingNow > aliveBefore
	for _, m := range missing {
		conclusive := m.Evidence == NotFound || m.Evidence == Unlisted
		switch {
		case m.Again && !conclusive:
			d.Held = append(d.Held, m.UID)
		case !conclusive:
			d.Inconclusive = append(d.Inconclusive, m.UID)
		case !m.Again && (m.Evidence == Unlisted || massDeletion):
			d.Held = append(d.Held, m.UID)
			d.NewlyHeld++
		default:
			d.Gone = append(d.Gone, m.UID)
		}
	}
	return d
}

// Missing returns the number of missing instances that are not marked as gone.
func (d *Deletions) Missing() int64 { return int64(len(d.Held) + len(d.Inconclusive)) }

// Failure returns why the observation does not vouch for all of the scope; zero if it does. cause is
// the reason that the provider gave for the inconclusive answers.
func (d *Deletions) Failure(cause Failure) Failure {
	held := fmt.Sprintf("%d of %d instances vanished at once; they are shown as last seen: confirm that they are gone, or wait for the next complete observation",
		len(d.Held), d.Alive)
	switch {
	case len(d.Inconclusive) == 0 && len(d.Held) == 0:
		return Failure{}
	case len(d.Inconclusive) == 0:
		return Failure{Reason: ReasonHeld, Error: held}
	}
	reason := cause.Reason
	if reason == "" {
		reason = string(fault.ReasonUnreachable)
	}
	text := fmt.Sprintf("%d of %d instances were not listed, and the provider could not answer whether they exist", len(d.Inconclusive), d.Alive)
	if cause.Error != "" {
		text += ": " + cause.Error
	}
	if len(d.Held) > 0 {
		text += "; also, " + held
	}
	return Failure{Reason: reason, Error: text}
}

// Hold is the state of a scope whose last complete observation did not list most of its instances. The
// scope is shown as last seen until another observation or a person confirms the deletion.
type Hold struct {
	// Fence is the token of the observation that the scope is held for.
	Fence int64
	// Time is that of the observation.
	Time time.Time
	// Missing is the number of instances that are held, of Of that there were before.
	Missing, Of int64
}

// After returns the hold of the scope after an observation with these deletions; nil if the scope is
// not held. h is the hold before.
func (h *Hold) After(obs *Observation, d *Deletions) *Hold {
	missing := int64(len(d.Held))
	switch {
	case missing == 0:
		return nil
	case h == nil || d.NewlyHeld > 0:
		return &Hold{Fence: obs.Fence, Time: obs.Time, Missing: missing, Of: d.Alive}
	default: // some of the held instances remain
		return &Hold{Fence: h.Fence, Time: h.Time, Missing: missing, Of: h.Of}
	}
}
