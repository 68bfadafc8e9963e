package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// retiredScopes returns the stored scopes that the plan omits: their location was disabled or is no
// longer wanted. Their instances are stale and not gone. A scope whose location was disabled and
// that still has instances is part of the run, because its owner may not know; the others are only
// reported to the inventory, once. The inventory deletes a scope that was never observed.
func retiredScopes(account provider.Account, planned []provider.PlannedScope, stored []StoredScope) (inRun, outside []provider.PlannedScope) {
	isPlanned, hasFailed := map[provider.ScopeID]bool{{}: true}, map[cloud.Kind]bool{}
	for _, scope := range planned {
		isPlanned[scope.ScopeID] = true
		if scope.Location == provider.WholeKind {
			hasFailed[scope.Kind] = true
		}
	}
	isUnwanted := len(account.Regions) > 0
	for _, scope := range stored {
		if isPlanned[scope.ScopeID] || hasFailed[scope.Kind] || isPlaceholder(scope, planned) {
			continue
		}
		failure := retiredFailure(scope.Location, isUnwanted)
		retired := provider.PlannedScope{ScopeID: scope.ScopeID, Failure: failure, Retired: true}
		switch {
		case !isUnwanted && scope.Instances > 0:
			inRun = append(inRun, retired)
		case scope.LastError != failure.Message, scope.isUnknown():
			outside = append(outside, retired)
		}
	}
	return inRun, outside
}

// isPlaceholder reports whether a scope stands for a region that could not be found and whose zones
// are planned now. It is deleted when one of them is observed.
func isPlaceholder(stored StoredScope, planned []provider.PlannedScope) bool {
	return stored.Instances == 0 && slices.ContainsFunc(planned, func(p provider.PlannedScope) bool {
		return p.Kind == stored.Kind && strings.HasPrefix(p.Location, stored.Location+"-")
	})
}

// retiredFailure returns why a location is no longer read, and what to do about it.
func retiredFailure(location string, isUnwanted bool) *fault.Error {
	if isUnwanted {
		return fault.ForReason(fault.ReasonAPIDisabled,
			fmt.Sprintf("%s is no longer among the account's regions; its instances are shown as last seen", location),
			fmt.Sprintf("Add %s to the account's regions to read it again, or confirm that its instances may be marked as gone: rollcall scopes confirm.", location), nil)
	}
	return fault.ForReason(fault.ReasonAPIDisabled,
		fmt.Sprintf("%s is no longer enabled for the account; its instances are shown as last seen", location),
		fmt.Sprintf("Enable %s for the account to read it again, or confirm that its instances may be marked as gone: rollcall scopes confirm.", location), nil)
}

// inventoryFailure returns the failure that the inventory stores for a planned scope that can't be
// read.
func inventoryFailure(planned provider.PlannedScope) *fault.Error {
	if !planned.Retired {
		return planned.Failure
	}
	return fault.ForReason(fault.ReasonRetired, planned.Failure.Message, planned.Failure.Remedy, planned.Failure)
}

// retire reports to the inventory why scopes are no longer read.
func (r *accountReader) retire(ctx context.Context, scopes []provider.PlannedScope) {
	for _, scope := range scopes {
		observation := r.observation(scope.ScopeID)
		observation.Token, observation.Time = r.claim.Token, r.start
		r.report(ctx, observation, inventoryFailure(scope))
	}
}
