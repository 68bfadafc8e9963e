package sync

import (
	"context"
	"log/slog"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

// denying is a cloud that says of each instance that its scope has none.
type denying struct{ provider.Session }

func (denying) Probe(_ context.Context, _ provider.ScopeID, wanted []provider.Wanted, _ provider.Calls) ([]provider.Finding, error) {
	answers := providerkit.NewProbe(wanted)
	for i := range wanted {
		answers.RecordEvidence(wanted[i].ProviderID, provider.NotFound)
	}
	return answers.Findings(), nil
}

// sequence numbers observations.
type sequence struct{ Runs }

func (sequence) NextToken(context.Context) (int64, error) { return 1, nil }

// What a listing has in another scope is there: that its old scope denies it says
// nothing of it.
func TestWhatIsListedElsewhereIsNotDenied(t *testing.T) {
	t.Parallel()
	r := &reading{Syncer: &Syncer{Runs: sequence{}}, session: denying{}, logger: slog.New(slog.DiscardHandler)}
	b := &batch{reading: r}
	for _, id := range []string{"moved", "unmoved"} {
		part := &part{tally: &tally{guard: providerkit.NewPaginationGuard()}}
		if err := part.tally.guard.Page([]provider.Instance{{ProviderID: id}}); err != nil {
			t.Fatal(err)
		}
		b.order = append(b.order, part)
	}
	b.order = append(b.order, &part{}) // Nothing was seen of it.
	b.keepListed()
	q := &question{reading: r}
	findings, _, err := q.ask(t.Context(), []provider.Wanted{{ProviderID: "moved"}, {ProviderID: "gone"}})
	if err != nil || len(findings) != 2 {
		t.Fatalf("%v, %v", findings, err)
	}
	for _, finding := range findings {
		want := map[string]provider.Evidence{"moved": provider.Undecided, "gone": provider.NotFound}[finding.ProviderID]
		if finding.Evidence != want || (want == provider.Undecided) != (finding.Failure != nil) {
			t.Errorf("%s is %s (%v), want %s", finding.ProviderID, finding.Evidence, finding.Failure, want)
		}
	}
}
