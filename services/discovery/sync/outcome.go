package sync

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Outcome is the result of a run.
type Outcome struct {
	// State is RunSucceeded, RunDegraded or RunFailed.
	State RunState
	// Failure is nil exactly when the run succeeded.
	Failure *fault.Error
	// OwnFault reports whether Rollcall itself failed somewhere: another run soon may succeed.
	OwnFault bool
	// Held reports whether a scope is held: another sync soon may settle it.
	Held bool
	// Slow reports whether the run waited long for a provider that did not answer.
	Slow bool
}

// shownFailures is how many different failures the message of an outcome contains.
const shownFailures = 3

// Conclude returns the outcome of a run. Failures has the failures of scopes, and of held scopes, by
// index; all other scopes succeeded.
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

// mainFailure returns the failure that represents all: the first one with the most frequent reason.
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

// describe describes the failures for people. Scopes with the same message are listed together.
func describe(scopes []ScopeResult, failures map[int]*fault.Error, held int) string {
	scopesOf := map[string][]string{}
	var texts []string
	for _, i := range inOrder(failures) {
		text := failures[i].Message
		if scopesOf[text] == nil {
			texts = append(texts, text)
		}
		scopesOf[text] = append(scopesOf[text], scopes[i].ScopeID.String())
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
			fmt.Fprintf(&b, "; and %d other failures", len(texts)-i)
			break
		}
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		fmt.Fprintf(&b, "%s%s: %s", separator, someOf(scopesOf[text]), text)
	}
	return b.String()
}

// someOf lists the first few names.
func someOf(names []string) string {
	if len(names) <= shownFailures {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shownFailures], ", "), len(names)-shownFailures)
}

// inOrder returns the indexes of the failures in order.
func inOrder(failures map[int]*fault.Error) []int {
	indexes := make([]int, 0, len(failures))
	for i := range failures {
		indexes = append(indexes, i)
	}
	slices.Sort(indexes)
	return indexes
}
