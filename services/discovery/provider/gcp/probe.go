package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"google.golang.org/api/googleapi"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

const (
	// askedAtOnce are asked for by one filter: an address of some kilobytes.
	askedAtOnce = 50
	// askedAlone bounds how many are asked for one a call, when a list of exactly
	// those lacks them.
	askedAlone = 30
)

// Find asks Google Cloud for exactly these instances of a scope: many at once by
// a list, which says only what is there, and then some of what it lacks alone,
// which are denied.
func (s *session) Probe(
	ctx context.Context, scope provider.ScopeID, wanted []provider.Wanted, calls provider.Calls,
) ([]provider.Finding, error) {
	answers := providerkit.NewProbe(wanted)
	var list func([]provider.Wanted) error
	var alone func(provider.Wanted) error
	switch scope.Kind {
	case cloud.VirtualMachine:
		list = func(chunk []provider.Wanted) error {
			return s.findMachines(ctx, scope.Location, chunk, answers, calls)
		}
		alone = func(one provider.Wanted) error { return s.findMachine(ctx, scope.Location, one, answers, calls) }
	case cloud.Database:
		list = func(chunk []provider.Wanted) error {
			return s.findDatabases(ctx, scope.Location, chunk, answers, calls)
		}
		alone = func(one provider.Wanted) error { return s.findDatabase(ctx, one, answers, calls) }
	default:
		return nil, fmt.Errorf("gcp: scope of kind %s", scope.Kind.Plural())
	}
	var lost error
	for chunk := range slices.Chunk(wanted, askedAtOnce) {
		if lost == nil && ctx.Err() == nil {
			lost = list(chunk)
		}
		if lost != nil {
			answers.RecordFailure(chunk, provider.FaultOf(lost))
			continue
		}
		for i := range chunk {
			answers.RecordEvidence(chunk[i].ProviderID, provider.Unlisted)
		}
	}
	if refusesLists(lost) {
		answers.ProbeUndecided(askedAlone, alone)
	}
	answers.ProbeUnlisted(askedAlone, alone)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return answers.Findings(), nil
}

// refusesLists tells a list that failed for a question that is not taken: the peer
// knows no such list, or no such filter. Then single instances may still be had.
func refusesLists(err error) bool {
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// trouble is an error that the next call would meet too: one that was tried again
// and again, and not a word on the very thing that was asked for. It is met once,
// not for each.
func trouble(err error) error {
	if err != nil && (again(err, 1) || statusOf(err) == 0) {
		return err
	}
	return nil
}

// isNone tells that an API said of the very thing that was asked for that there
// is none: with a reason, which a front end that does not know the address gives
// none of.
func isNone(err error, reasons ...string) bool {
	api, ok := errors.AsType[*googleapi.Error](err)
	return ok && api.Code == http.StatusNotFound &&
		slices.ContainsFunc(reasons, func(reason string) bool { return hasReason(api, reason) })
}
