package providerkit

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

func wantedOf(count int) []provider.Wanted {
	wanted := make([]provider.Wanted, count)
	for i := range wanted {
		wanted[i].ProviderID = fmt.Sprint(i)
	}
	return wanted
}

// evidence returns a letter for each finding: F found, N not found, u unlisted, ? undecided.
func evidence(p *Probe) string {
	text := ""
	for _, finding := range p.Findings() {
		switch finding.Evidence {
		case provider.Found:
			text += "F"
		case provider.NotFound:
			text += "N"
		case provider.Unlisted:
			text += "u"
		case provider.Undecided:
			text += "?"
			if finding.Failure == nil {
				text += "!"
			}
		}
	}
	return text
}

func unlisted(count int) *Probe {
	p := NewProbe(wantedOf(count))
	for _, wanted := range p.wanted {
		p.RecordEvidence(wanted.ProviderID, provider.Unlisted)
	}
	return p
}

func TestProbe_MostConservativeEvidenceWins(t *testing.T) {
	t.Parallel()
	p := NewProbe(wantedOf(7))
	p.RecordUnlisted([]string{"0", "1", "2", "3"})
	p.RecordEvidence("1", provider.NotFound)
	p.RecordEvidence("1", provider.Unlisted)
	p.RecordFound(provider.Instance{ProviderID: "2"})
	p.RecordEvidence("2", provider.NotFound)
	p.RecordUndecided("2", provider.InvalidAnswer("strange"))
	p.RecordFound(provider.Instance{ProviderID: "another"})
	p.RecordFailure(p.wanted[3:5], provider.InvalidAnswer("broken"))
	p.RecordUnlisted([]string{"6"})
	p.RecordUndecided("6", provider.InvalidAnswer("strange"))
	if got := evidence(p); got != "uNFu???" {
		t.Errorf("the findings are %s", got)
	}
}

func TestProbe_ProbeUnlisted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ exists, want string }{
		"list is complete":   {"", "NNNuu"},
		"list is incomplete": {"1", "NFN??"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := unlisted(5)
			p.ProbeUnlisted(3, func(wanted provider.Wanted) error {
				if wanted.ProviderID == test.exists {
					p.RecordFound(provider.Instance{ProviderID: wanted.ProviderID})
				}
				p.RecordEvidence(wanted.ProviderID, provider.NotFound)
				return nil
			})
			if got := evidence(p); got != test.want {
				t.Errorf("the findings are %s, want %s", got, test.want)
			}
		})
	}
}

func TestProbe_FirstErrorEndsSingleLookups(t *testing.T) {
	t.Parallel()
	failed := NewProbe(wantedOf(5))
	failed.RecordFailure(failed.wanted, provider.InvalidAnswer("no list"))
	for name, test := range map[string]struct {
		probe *Probe
		each  func(*Probe, int, func(provider.Wanted) error)
	}{
		"unlisted":  {unlisted(5), (*Probe).ProbeUnlisted},
		"undecided": {failed, (*Probe).ProbeUndecided},
	} {
		asked := 0
		test.each(test.probe, 4, func(wanted provider.Wanted) error {
			if asked++; asked == 2 {
				return provider.InvalidAnswer("broken")
			}
			test.probe.RecordEvidence(wanted.ProviderID, provider.NotFound)
			return nil
		})
		if got := evidence(test.probe); got != "N????" || asked != 2 {
			t.Errorf("%s: the findings are %s, and %d were asked for", name, got, asked)
		}
	}
}

func TestProbe_EachChunk(t *testing.T) {
	t.Parallel()
	p, chunks, broken := NewProbe(wantedOf(7)), 0, errors.New("broken")
	err := p.EachChunk(t.Context(), p.Pending(), 2, func(chunk []provider.Wanted) error {
		if chunks++; chunks == 2 {
			return broken
		}
		p.RecordUnlisted([]string{chunk[0].ProviderID, chunk[1].ProviderID})
		return nil
	})
	if got := evidence(p); got != "uu?????" || chunks != 2 || !errors.Is(err, broken) {
		t.Errorf("after %d chunks the findings are %s: %v", chunks, got, err)
	}
}
