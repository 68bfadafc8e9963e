package aws

import (
	"context"
	"fmt"
	"slices"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// Find asks AWS for exactly these instances of a scope.
func (s *session) Find(
	ctx context.Context, scope discovery.ScopeID, wanted []discovery.Wanted, calls discovery.Calls,
) ([]discovery.Finding, error) {
	answers := discovery.NewAnswers(wanted)
	switch scope.Kind {
	case discovery.VirtualMachine:
		s.findMachines(ctx, scope.Location, answers, calls)
	case discovery.Database:
		s.findDatabases(ctx, scope.Location, answers, calls)
	default:
		return nil, fmt.Errorf("aws: scope of kind %s", scope.Kind)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return answers.Findings(), nil
}

// askAll has some be asked for that nothing was said of yet, so many at a time,
// until all were or a failure says that more would be no better.
func askAll(ctx context.Context, answers *discovery.Answers, wanted []discovery.Wanted, size int, ask func([]discovery.Wanted) error) {
	var lost error
	for chunk := range slices.Chunk(wanted, size) {
		if ctx.Err() != nil {
			return
		}
		if lost == nil {
			lost = ask(chunk)
		}
		if lost != nil {
			answers.Fail(chunk, discovery.FailureOf(lost))
		}
	}
}

func idsOf(wanted []discovery.Wanted) []string {
	ids := make([]string, len(wanted))
	for i := range wanted {
		ids[i] = wanted[i].ProviderID
	}
	return ids
}
