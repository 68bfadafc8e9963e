package provider

import (
	"slices"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// unasked is the failure of what there were too many of to ask for each alone.
var unasked = fault.ForReason(fault.ReasonInternal, "the cloud gives no list of exactly these, and they are too many to ask for one by one",
	"Nothing: some are asked for each time.", nil)

// lying is the failure of what only a list denied that was wrong about others.
var lying = InvalidAnswer("the cloud's list lacks some that are there, when they are asked for one by one; they are too many to ask so for all")

// Answers gathers what a cloud says of instances that it is asked for by id.
// Find fills one and gives its Findings.
type Answers struct {
	wanted []Wanted
	asked  map[string]bool
	of     map[string]Finding
}

// NewAnswers is for these instances, of which nothing was said yet.
func NewAnswers(wanted []Wanted) *Answers {
	a := &Answers{wanted: wanted, asked: make(map[string]bool, len(wanted)), of: make(map[string]Finding, len(wanted))}
	for i := range wanted {
		a.asked[wanted[i].ProviderID] = true
	}
	return a
}

// Found says that an instance is there. What was not asked for is passed over.
func (a *Answers) Found(instance Instance) { //nolint:gocritic // It is kept.
	if a.asked[instance.ProviderID] {
		a.of[instance.ProviderID] = Finding{ProviderID: instance.ProviderID, Evidence: Found, Instance: &instance}
	}
}

// Say gives the evidence that one is not there. That it is there stands against
// all else, and that the cloud said there is none against an answer without it.
func (a *Answers) Say(id string, evidence Evidence) {
	if known := a.of[id].Evidence; known == Found || known == NotFound {
		return
	}
	a.of[id] = Finding{ProviderID: id, Evidence: evidence}
}

// Alone asks for one after the other of those that a list lacked, at most so many.
// When one of them is there after all, the list is not to be believed: of the
// rest nothing is known. ask gives the trouble that the next one would meet too,
// if it met some: then no more are asked for, and of the rest nothing is known
// either.
func (a *Answers) Alone(most int, ask func(Wanted) (trouble error)) {
	unlisted := a.Without(Unlisted)
	var doubt *fault.Error
	for _, one := range unlisted[:min(most, len(unlisted))] {
		before := a.of[one.ProviderID].Evidence
		trouble := ask(one)
		if before == Unlisted && a.of[one.ProviderID].Evidence == Found {
			doubt = lying
		}
		if trouble != nil {
			doubt = FaultOf(trouble)
			break
		}
	}
	if doubt == nil {
		return
	}
	for id, finding := range a.of {
		if finding.Evidence == Unlisted {
			a.of[id] = Finding{ProviderID: id, Evidence: Undecided, Failure: doubt}
		}
	}
}

// Instead asks for one after the other of those for which no list could be had, at
// most so many, until one can't be had so either.
func (a *Answers) Instead(most int, ask func(Wanted) (trouble error)) {
	undecided := a.Without(Undecided)
	for _, one := range undecided[:min(most, len(undecided))] {
		if ask(one) != nil || a.of[one.ProviderID].Evidence == Undecided {
			return
		}
	}
}

// Doubt says that an answer about one does not tell, whatever a list said.
func (a *Answers) Doubt(id string, failure *fault.Error) {
	if known := a.of[id].Evidence; known != Found && known != NotFound {
		a.of[id] = Finding{ProviderID: id, Evidence: Undecided, Failure: failure}
	}
}

// Fail says that some could not be asked for.
func (a *Answers) Fail(wanted []Wanted, failure *fault.Error) {
	for i := range wanted {
		id := wanted[i].ProviderID
		if a.of[id].Evidence == "" {
			a.of[id] = Finding{ProviderID: id, Evidence: Undecided, Failure: failure}
		}
	}
}

// Without are those of which nothing was said, or nothing but this.
func (a *Answers) Without(evidence ...Evidence) []Wanted {
	var rest []Wanted
	for i := range a.wanted {
		said := a.of[a.wanted[i].ProviderID].Evidence
		if said == "" || slices.Contains(evidence, said) {
			rest = append(rest, a.wanted[i])
		}
	}
	return rest
}

// Findings are one for each, in their order.
func (a *Answers) Findings() []Finding {
	findings := make([]Finding, len(a.wanted))
	for i := range a.wanted {
		id := a.wanted[i].ProviderID
		finding, said := a.of[id]
		if !said {
			finding = Finding{ProviderID: id, Evidence: Undecided, Failure: unasked}
		}
		findings[i] = finding
	}
	return findings
}
