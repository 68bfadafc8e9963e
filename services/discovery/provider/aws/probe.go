package aws

import (
	"context"
	"fmt"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// Probe asks AWS for these instances of a scope.
func (s *session) Probe(
	ctx context.Context, scope provider.ScopeID, wanted []provider.Wanted, calls provider.Calls,
) ([]provider.Finding, error) {
	probe := providerkit.NewProbe(wanted)
	switch scope.Kind {
	case cloud.VirtualMachine:
		s.probeMachines(ctx, scope.Location, probe, calls)
	case cloud.Database:
		s.probeDatabases(ctx, scope.Location, probe, calls)
	default:
		return nil, fmt.Errorf("aws: scope of kind %s", scope.Kind.Plural())
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return probe.Findings(), nil
}

func idsOf(wanted []provider.Wanted) []string {
	ids := make([]string, len(wanted))
	for i := range wanted {
		ids[i] = wanted[i].ProviderID
	}
	return ids
}
