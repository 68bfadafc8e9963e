package discovery

import "slices"

// unasked is the failure of what there were too many of to ask for each alone.
var unasked = NewFailure(Internal, "the cloud gives no list of exactly these, and they are too many to ask for one by one",
	"Nothing: some are asked for each time.", nil)

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

// Fail says that some could not be asked for.
func (a *Answers) Fail(wanted []Wanted, failure *Failure) {
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
