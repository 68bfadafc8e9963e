package sync

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Outcome is what a run came to.
type Outcome struct {
	// State is RunSucceeded, RunDegraded or RunFailed.
	State RunState
	// Failure is nil exactly when the run succeeded.
	Failure *fault.Error
	// OwnFault reports whether Rollcall itself failed somewhere: another run soon may succeed.
	OwnFault bool
	// Held tells that a scope is, and that another look soon would settle it.
	Held bool
	// Slow tells that it waited long for a cloud that did not answer.
	Slow bool
}

// shownFailures is how many scopes' failures an outcome tells in full.
const shownFailures = 3

// Conclude is the outcome of a run of which each scope ended: it succeeded, or
// stands in failures by its place, also when it is held.
func Conclude(scopes []ScopeResult, failures map[int]*fault.Error) Outcome {
	if len(failures) == 0 {
		return Outcome{State: RunSucceeded}
	}
	held := 0
	for i := range failures {
		if scopes[i].State == ScopeHeld {
			held++
		}
	}
	state := RunDegraded
	if len(failures)-held == len(scopes) {
		state = RunFailed
	}
	main := mainFailure(failures)
	summary := fault.ForReason(main.Reason, describe(scopes, failures, held), main.Remedy, nil)
	outcome := Outcome{State: state, Failure: summary, Held: held > 0}
	for _, f := range failures {
		outcome.OwnFault = outcome.OwnFault || provider.IsOwnFault(f)
	}
	return outcome
}

// mainFailure is the failure that stands for all: the first one of the most
// frequent reason.
func mainFailure(failures map[int]*fault.Error) *fault.Error {
	count := map[fault.Reason]int{}
	for _, f := range failures {
		count[f.Reason]++
	}
	var main *fault.Error
	for _, i := range inOrder(failures) {
		if f := failures[i]; main == nil || count[f.Reason] > count[main.Reason] {
			main = f
		}
	}
	return main
}

// describe tells the failures for people. The same trouble in many places is
// told once.
func describe(scopes []ScopeResult, failures map[int]*fault.Error, held int) string {
	places := map[string][]string{}
	var texts []string
	for _, i := range inOrder(failures) {
		text := failures[i].Message
		if places[text] == nil {
			texts = append(texts, text)
		}
		places[text] = append(places[text], scopes[i].ScopeID.String())
	}
	var b strings.Builder
	if failed := len(failures) - held; failed > 0 {
		fmt.Fprintf(&b, "%d of %d scopes could not be read", failed, len(scopes))
		if held > 0 {
			fmt.Fprintf(&b, ", %d held", held)
		}
	} else {
		fmt.Fprintf(&b, "%d of %d scopes held", held, len(scopes))
	}
	for i, text := range texts {
		if i == shownFailures {
			fmt.Fprintf(&b, "; and %d more of other kinds", len(texts)-i)
			break
		}
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		fmt.Fprintf(&b, "%s%s: %s", separator, someOf(places[text]), text)
	}
	return b.String()
}

// someOf names the first few.
func someOf(names []string) string {
	if len(names) <= shownFailures {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shownFailures], ", "), len(names)-shownFailures)
}

func inOrder(failures map[int]*fault.Error) []int {
	places := make([]int, 0, len(failures))
	for i := range failures {
		places = append(places, i)
	}
	slices.Sort(places)
	return places
}
