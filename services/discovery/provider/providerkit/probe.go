package providerkit

import (
	"context"
	"slices"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// errTooManyToProbe: more instances are missing than can be looked up one by one.
var errTooManyToProbe = fault.ForReason(fault.ReasonInternal,
	"the cloud can't list exactly these instances, and there are too many to look up one by one",
	"Nothing: each sync looks up some of them.", nil)

// errListIncomplete: a list omitted an instance that exists, so it proves nothing about the others.
var errListIncomplete = provider.InvalidAnswer(
	"the cloud's list omits instances that exist, as looking up some one by one showed; there are too many to look up all of them")

// Probe collects the evidence about instances that a provider asks its cloud for by id. The
// provider fills it and returns its Findings.
//
// If there are several answers about an instance, the most conservative one wins: that it exists
// over everything else, and a denial of this id over a list without it.
type Probe struct {
	wanted []provider.Wanted
	asked  map[string]bool
	of     map[string]provider.Finding
}

// NewProbe returns a probe of these instances without any evidence.
func NewProbe(wanted []provider.Wanted) *Probe {
	p := &Probe{wanted: wanted, asked: make(map[string]bool, len(wanted)), of: make(map[string]provider.Finding, len(wanted))}
	for i := range wanted {
		p.asked[wanted[i].ProviderID] = true
	}
	return p
}

// RecordFound records that an instance exists. Instances that were not asked for are ignored.
func (p *Probe) RecordFound(instance provider.Instance) { //nolint:gocritic // It is stored.
	if p.asked[instance.ProviderID] {
		p.of[instance.ProviderID] = provider.Finding{ProviderID: instance.ProviderID, Evidence: provider.Found, Instance: &instance}
	}
}

// RecordEvidence records the provider's answer about a missing instance.
func (p *Probe) RecordEvidence(id string, evidence provider.Evidence) {
	if !p.decided(id) {
		p.of[id] = provider.Finding{ProviderID: id, Evidence: evidence}
	}
}

// RecordUnlisted records that a list of exactly these ids did not contain them, for those that it
// did not contain.
func (p *Probe) RecordUnlisted(ids []string) {
	for _, id := range ids {
		p.RecordEvidence(id, provider.Unlisted)
	}
}

// RecordUndecided records that an answer about an instance proves nothing, whatever a list
// contained.
func (p *Probe) RecordUndecided(id string, failure *fault.Error) {
	if !p.decided(id) {
		p.of[id] = provider.Finding{ProviderID: id, Evidence: provider.Undecided, Failure: failure}
	}
}

// RecordFailure records that some instances could not be asked for.
func (p *Probe) RecordFailure(wanted []provider.Wanted, failure *fault.Error) {
	for i := range wanted {
		id := wanted[i].ProviderID
		if p.of[id].Evidence == "" {
			p.of[id] = provider.Finding{ProviderID: id, Evidence: provider.Undecided, Failure: failure}
		}
	}
}

// decided reports whether the cloud itself answered that an instance exists or that it does not.
func (p *Probe) decided(id string) bool {
	known := p.of[id].Evidence
	return known == provider.Found || known == provider.NotFound
}

// EachChunk calls ask for the instances in chunks of a size. After the first error, which the next
// chunk would meet too, the remaining ones are recorded as failed without being asked for. It
// returns that error, and ends early with the context.
func (p *Probe) EachChunk(ctx context.Context, wanted []provider.Wanted, size int, ask func([]provider.Wanted) error) error {
	var lost error
	for chunk := range slices.Chunk(wanted, size) {
		if ctx.Err() != nil {
			return lost
		}
		if lost == nil {
			lost = ask(chunk)
		}
		if lost != nil {
			p.RecordFailure(chunk, provider.FaultOf(lost))
		}
	}
	return lost
}

// ProbeUnlisted asks for some of the instances that a list omitted, one by one. If one of them
// exists, the list proves nothing about the others: they become undecided. They also become
// undecided if ask returns an error, which means that the next instance would meet it too; then no
// more are asked for.
func (p *Probe) ProbeUnlisted(limit int, ask func(provider.Wanted) error) {
	unlisted := p.Pending(provider.Unlisted)
	var doubt *fault.Error
	for _, one := range unlisted[:min(limit, len(unlisted))] {
		before := p.of[one.ProviderID].Evidence
		err := ask(one)
		if before == provider.Unlisted && p.of[one.ProviderID].Evidence == provider.Found {
			doubt = errListIncomplete
		}
		if err != nil {
			doubt = provider.FaultOf(err)
			break
		}
	}
	if doubt == nil {
		return
	}
	for id, finding := range p.of {
		if finding.Evidence == provider.Unlisted {
			p.of[id] = provider.Finding{ProviderID: id, Evidence: provider.Undecided, Failure: doubt}
		}
	}
}

// ProbeUndecided asks for some of the instances that could not be listed, one by one, until one
// can't be asked for that way either.
func (p *Probe) ProbeUndecided(limit int, ask func(provider.Wanted) error) {
	undecided := p.Pending(provider.Undecided)
	for _, one := range undecided[:min(limit, len(undecided))] {
		if ask(one) != nil || p.of[one.ProviderID].Evidence == provider.Undecided {
			return
		}
	}
}

// Pending returns the instances that have no evidence, or only evidence of these kinds.
func (p *Probe) Pending(evidence ...provider.Evidence) []provider.Wanted {
	var pending []provider.Wanted
	for i := range p.wanted {
		known := p.of[p.wanted[i].ProviderID].Evidence
		if known == "" || slices.Contains(evidence, known) {
			pending = append(pending, p.wanted[i])
		}
	}
	return pending
}

// Findings returns one finding for each instance, in their order. An instance without evidence is
// undecided.
func (p *Probe) Findings() []provider.Finding {
	findings := make([]provider.Finding, len(p.wanted))
	for i := range p.wanted {
		id := p.wanted[i].ProviderID
		finding, known := p.of[id]
		if !known {
			finding = provider.Finding{ProviderID: id, Evidence: provider.Undecided, Failure: errTooManyToProbe}
		}
		findings[i] = finding
	}
	return findings
}
