package sync

import (
	"slices"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// A scope that the plan omits is retired: as part of the run if its location was disabled and it still
// has instances, otherwise only in the inventory, and once.
func TestRetiredScopes(t *testing.T) {
	t.Parallel()
	planned := []provider.PlannedScope{{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "a"}}, {ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "a"}}, {ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "e-b"}}}
	stored := []StoredScope{
		{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "a"}, Instances: 3, Observed: true},
		{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "b"}, Instances: 3, Observed: true},
		{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "b"}, Observed: true},
		{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "c"}, Observed: true, LastError: retiredFailure("c", false).Message},
		{ScopeID: provider.ScopeID{Kind: cloud.Database, Location: "d"}, Observed: true, LastError: retiredFailure("d", true).Message},
		{ScopeID: provider.ScopeID{Kind: cloud.VirtualMachine, Location: "e"}, LastError: "there is no region e"}, // and now there is
	}
	for _, test := range []struct {
		wanted         []string
		inRun, outside []string
	}{
		{nil, []string{"VIRTUAL_MACHINE b"}, []string{"DATABASE b", "DATABASE d"}},
		{[]string{"a"}, nil, []string{"VIRTUAL_MACHINE b", "DATABASE b", "DATABASE c"}},
	} {
		inRun, outside := retiredScopes(provider.Account{Regions: test.wanted}, planned, stored)
		if got := names(inRun); !slices.Equal(got, test.inRun) {
			t.Errorf("wanted %v: in the run %v, want %v", test.wanted, got, test.inRun)
		}
		if got := names(outside); !slices.Equal(got, test.outside) {
			t.Errorf("wanted %v: outside %v, want %v", test.wanted, got, test.outside)
		}
		for _, scope := range append(inRun, outside...) {
			if scope.Failure == nil || scope.Failure.Reason != fault.ReasonAPIDisabled {
				t.Errorf("%v fails with %v", scope.ScopeID, scope.Failure)
			}
		}
	}
}

func names(scopes []provider.PlannedScope) []string {
	var all []string
	for _, scope := range scopes {
		all = append(all, string(scope.Kind)+" "+scope.Location)
	}
	return all
}
