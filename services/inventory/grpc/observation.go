package grpc

import (
	"regexp"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// accountID matches the IDs that the API allows for accounts.
var accountID = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// fromStart converts the start of a snapshot.
func fromStart(start *inventoryv1.SnapshotStart) (inventory.Observation, error) {
	obs := inventory.Observation{
		Scope: inventory.ScopeKey{
			Account:  fromAccount(start.GetAccount()),
			Kind:     inventory.Kind(start.GetKind().String()),
			Location: start.GetLocation(),
		},
		Provider: inventory.Provider(start.GetProvider().String()),
		Fence:    start.GetFencingToken(),
		Time:     fromTime(start.GetObserveTime()),
	}
	if start.GetSyncInterval().IsValid() {
		obs.SyncInterval = start.GetSyncInterval().AsDuration()
	}
	if !registered(obs.Provider) {
		return obs, fault.Invalid("start.provider", "%s is not a cloud of this inventory", obs.Provider)
	}
	if obs.Time.IsZero() {
		return obs, fault.Invalid("start.observe_time", "is not a time")
	}
	if obs.Scope.Kind == inventory.KindUnspecified && obs.Scope.Location != inventory.WholeAccount {
		return obs, fault.Invalid("start.kind", "may be left out for the location `-` only")
	}
	return obs, nil
}

// registered reports whether this program knows the provider.
func registered(provider inventory.Provider) bool {
	_, ok := registry.Find(provider)
	return ok
}

// checkSingle checks the fields that UpsertInstance needs. The rules in the proto can't, because most other uses
// of an instance do not need these fields.
func checkSingle(obs inventory.Observation) error {
	switch {
	case !accountID.MatchString(obs.Scope.Account):
		return fault.Invalid("instance.account", "is needed, as accounts/{account}")
	case !registered(obs.Provider):
		return fault.Invalid("instance.provider", "is needed")
	case obs.Scope.Kind != inventory.VirtualMachine && obs.Scope.Kind != inventory.Database:
		return fault.Invalid("instance.kind", "is needed")
	case obs.Time.IsZero():
		return fault.Invalid("observe_time", "is not a time")
	}
	return nil
}
