package sync

import (
	"context"
	"log/slog"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

// denying is a session that answers NOT_FOUND for every instance.
type denying struct{ provider.Session }

func (denying) Probe(_ context.Context, _ provider.ScopeID, wanted []provider.Wanted, _ provider.Calls) ([]provider.Finding, error) {
	answers := providerkit.NewProbe(wanted)
	for i := range wanted {
		answers.RecordEvidence(wanted[i].ProviderID, provider.NotFound)
	}
	return answers.Findings(), nil
}

// sequence returns fencing tokens.
type sequence struct{ Runs }

func (sequence) NextToken(context.Context) (int64, error) { return 1, nil }

// An instance that the listing has in another scope exists, whatever its old scope answers.
func TestAbsenceProbe_ListedElsewhere(t *testing.T) {
	t.Parallel()
	r := &accountReader{syncer: &Syncer{Runs: sequence{}}, session: denying{}, logger: slog.New(slog.DiscardHandler)}
	b := &batchReader{reader: r}
	for _, id := range []string{"moved", "unmoved"} {
		scope := &batchScope{sink: &scopeSink{guard: providerkit.NewPaginationGuard()}}
		if err := scope.sink.guard.Page([]provider.Instance{{ProviderID: id}}); err != nil {
			t.Fatal(err)
		}
		b.order = append(b.order, scope)
	}
	b.order = append(b.order, &batchScope{}) // It has no instances.
	b.addListed()
	probe := &absenceProbe{reader: r}
	findings, _, err := probe.run(t.Context(), []provider.Wanted{{ProviderID: "moved"}, {ProviderID: "gone"}})
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
