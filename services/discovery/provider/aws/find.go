package aws

import (
	"context"
	"fmt"
	"slices"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// Find asks AWS for exactly these instances of a scope.
func (s *session) Probe(
	ctx context.Context, scope provider.ScopeID, wanted []provider.Wanted, calls provider.Calls,
) ([]provider.Finding, error) {
	answers := providerkit.NewProbe(wanted)
	switch scope.Kind {
	case cloud.VirtualMachine:
		s.findMachines(ctx, scope.Location, answers, calls)
	case cloud.Database:
		s.findDatabases(ctx, scope.Location, answers, calls)
	default:
		return nil, fmt.Errorf("aws: scope of kind %s", scope.Kind.Plural())
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return answers.Findings(), nil
}

// askAll has some be asked for that nothing was said of yet, so many at a time,
// until all were or a failure says that more would be no better.
func askAll(ctx context.Context, answers *providerkit.Probe, wanted []provider.Wanted, size int, ask func([]provider.Wanted) error) {
	var lost error
	for chunk := range slices.Chunk(wanted, size) {
		if ctx.Err() != nil {
			return
		}
		if lost == nil {
			lost = ask(chunk)
		}
		if lost != nil {
			answers.RecordFailure(chunk, provider.FaultOf(lost))
		}
	}
}

func idsOf(wanted []provider.Wanted) []string {
	ids := make([]string, len(wanted))
	for i := range wanted {
		ids[i] = wanted[i].ProviderID
	}
	return ids
}
