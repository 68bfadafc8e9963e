package gcp

import (
	"context"
	"fmt"
	"net/http"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

const (
	// probedTogether is the number of instances in one filter, which makes a URL of some kilobytes.
	probedTogether = 50
	// probedAlone bounds how many instances are probed one by one.
	probedAlone = 30
)

// Probe asks Google Cloud for these instances of one scope: first by lists of many, which contain
// only those that exist, and then for some that the lists omitted one by one, because only such an
// answer denies an instance.
func (s *session) Probe(ctx context.Context, scope provider.ScopeID, wanted []provider.Wanted, calls provider.Calls) ([]provider.Finding, error) {
	probe := providerkit.NewProbe(wanted)
	var list func([]provider.Wanted) error
	var alone func(provider.Wanted) error
	switch scope.Kind {
	case cloud.VirtualMachine:
		list = func(chunk []provider.Wanted) error { return s.probeMachines(ctx, scope.Location, chunk, probe, calls) }
		alone = func(one provider.Wanted) error { return s.probeMachine(ctx, scope.Location, one, probe, calls) }
	case cloud.Database:
		list = func(chunk []provider.Wanted) error { return s.probeDatabases(ctx, scope.Location, chunk, probe, calls) }
		alone = func(one provider.Wanted) error { return s.probeDatabase(ctx, one, probe, calls) }
	default:
		return nil, fmt.Errorf("gcp: there are no scopes of kind %s", scope.Kind)
	}
	err := probe.EachChunk(ctx, wanted, probedTogether, func(chunk []provider.Wanted) error {
		if err := list(chunk); err != nil {
			return err
		}
		for i := range chunk {
			probe.RecordEvidence(chunk[i].ProviderID, provider.Unlisted)
		}
		return nil
	})
	if isListRejected(err) {
		probe.ProbeUndecided(probedAlone, alone)
	}
	probe.ProbeUnlisted(probedAlone, alone)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return probe.Findings(), nil
}

// isListRejected reports whether a server rejected a list because it does not support it, or its
// filter. Such a server may still answer for single instances.
func isListRejected(err error) bool {
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// errorForAll returns an error that a probe of another instance would meet too, because it is not
// about the requested instance: one that several attempts did not get past. It returns nil for
// others.
func errorForAll(err error) error {
	if err != nil && (isRepeatable(err, 1) || statusOf(err) == 0) {
		return err
	}
	return nil
}
