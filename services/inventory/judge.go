package inventory

import (
	"fmt"

	"github.com/google/uuid"
)

// Absence is an instance that the roll holds alive and that a complete
// observation of its scope lacked.
type Absence struct {
	UID uuid.UUID
	// Evidence is what the cloud said when it was asked for it: never Found, for
	// what was found counts as seen.
	Evidence Evidence
	// Before: an older complete observation lacked it already, and the scope is
	// held for it.
	Before bool
}

// Judgement is what becomes of the absent ones. Each stands in one list.
type Judgement struct {
	// Gone are those that are marked as gone.
	Gone []uuid.UUID
	// Held are those that nobody believes yet to be gone: the scope is held.
	Held []uuid.UUID
	// Untold are those of which the cloud could not tell; the scope is not held for
	// them.
	Untold []uuid.UUID
	// New is how many of Held were not held before.
	New int64
	// Of is how many instances there were.
	Of int64
}

// fewest is how many instances must vanish at once for that to be doubted when
// the cloud says of each of them that there is none.
const fewest = 5

// Judge says what becomes of the instances that a complete observation lacked of
// the alive ones that the roll holds of its scope.
//
// A cloud that says of this very id that there is no such thing is believed,
// unless most of the scope vanishes at once, and not just a few: then something
// else may have gone wrong, such as credentials of another account. One that only
// answers without it, and without an error, is not believed at once: a listing
// that lies may lie to both questions. One that can't tell proves nothing. What
// two complete observations lacked one after the other is gone.
func Judge(alive int64, absent []Absence) Judgement {
	j := Judgement{Of: alive}
	var before int64
	for _, a := range absent {
		if a.Before {
			before++
		}
	}
	vanished, there := int64(len(absent))-before, alive-before
	most := 2*vanished > there
	for _, a := range absent {
		tells := a.Evidence == NotFound || a.Evidence == Unlisted
		switch {
		case a.Before && !tells:
			j.Held = append(j.Held, a.UID)
		case !tells:
			j.Untold = append(j.Untold, a.UID)
		case !a.Before && (a.Evidence == Unlisted || most && vanished >= fewest):
			j.Held = append(j.Held, a.UID)
			j.New++
		default:
			j.Gone = append(j.Gone, a.UID)
		}
	}
	return j
}

// Missing is how many are absent and not marked as gone.
func (j *Judgement) Missing() int64 { return int64(len(j.Held) + len(j.Untold)) }

// Failure says why the observation does not vouch for all of the scope; zero
// when it does. untold is what the cloud said of those of which it could not
// tell.
func (j *Judgement) Failure(untold Failure) Failure {
	held := fmt.Sprintf("%d of %d instances vanished at once; they are shown as last seen: confirm that they are gone, or wait for the next complete observation",
		len(j.Held), j.Of)
	switch {
	case len(j.Untold) == 0 && len(j.Held) == 0:
		return Failure{}
	case len(j.Untold) == 0:
		return Failure{Reason: ReasonHeld, Error: held}
	}
	if untold.Reason == "" {
		untold.Reason = reasonUntold
	}
	text := fmt.Sprintf("%d of %d instances were not listed, and the cloud could not tell whether they are there", len(j.Untold), j.Of)
	if untold.Error != "" {
		text += ": " + untold.Error
	}
	if len(j.Held) > 0 {
		text += "; besides, " + held
	}
	return Failure{Reason: untold.Reason, Error: text}
}

// reasonUntold is for a cloud that could not tell and of which nobody said why.
const reasonUntold = "UNREACHABLE"
