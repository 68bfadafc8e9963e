package operation

import (
	"context"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
)

// Inventory is the inventory service.
type Inventory interface {
	// Instance returns an instance of the inventory, also one that is gone, or NotFound.
	Instance(ctx context.Context, id string) (*Stored, error)
	// Lookup returns the one instance with a provider id, in one account or, if that is
	// "", in all, or NotFound.
	Lookup(ctx context.Context, providerID, account string) (*Stored, error)
	// Select returns the instances that match a filter, at most limit of them.
	Select(ctx context.Context, filter string, limit int) (*Selection, error)
	// Record stores one instance as it was observed, and returns it as it is stored then.
	// It returns Aborted with reason STALE_OBSERVATION if a newer observation is stored.
	Record(ctx context.Context, observation discovery.Observation, instance *provider.Instance) (*Stored, error)
}

// Stored is an instance of the inventory.
type Stored struct {
	// ID is the last part of instances/{instance}.
	ID       string
	Account  string
	Provider cloud.Provider
	provider.ScopeID
	Instance provider.Instance
	Etag     string
	Gone     bool
}

// Selection is the result of a filter.
type Selection struct {
	Instances []*Stored
	// Total counts all that match, also those above the limit.
	Total int
	// OldestObserveTime and Unreachable describe how fresh and complete the inventory is.
	OldestObserveTime time.Time
	Unreachable       []string
}

// Wanted returns the identifiers by which the cloud finds the instance.
func (s *Stored) Wanted() provider.Wanted {
	i := &s.Instance
	return provider.Wanted{ProviderID: i.ProviderID, ProviderURI: i.ProviderURI, DisplayName: i.DisplayName, Zone: i.Zone}
}

// ScopeOf returns the scope that an instance belongs to, by its location.
func ScopeOf(name cloud.Provider, kind cloud.Kind, region, zone string) provider.ScopeID {
	return provider.ScopeID{Kind: kind, Location: registry.ScopeLocation(name, kind, region, zone)}
}
