// Package registry lists the clouds that this program supports. A new cloud is one line in the
// list below; nothing registers itself from an init function.
package registry

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/aws"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/gcp"
)

// clouds is the list of registration, in the order in which people see the clouds.
var clouds = list(
	aws.Descriptor(),
	gcp.Descriptor(),
)

func list(descriptors ...*cloud.Descriptor) *atomic.Pointer[[]*cloud.Descriptor] {
	var pointer atomic.Pointer[[]*cloud.Descriptor]
	pointer.Store(&descriptors)
	return &pointer
}

// All returns the registered clouds. They are shared: do not change them.
func All() []*cloud.Descriptor { return *clouds.Load() }

// Providers returns the registered providers.
func Providers() []cloud.Provider {
	var providers []cloud.Provider
	for _, d := range All() {
		providers = append(providers, d.Provider)
	}
	return providers
}

// Find returns the description of a provider; ok is false if it is not registered.
func Find(provider cloud.Provider) (d *cloud.Descriptor, ok bool) {
	for _, d := range All() {
		if d.Provider == provider {
			return d, true
		}
	}
	return nil, false
}

// FindField returns the description of the cloud whose part of an account this field holds.
func FindField(field string) (d *cloud.Descriptor, ok bool) {
	for _, d := range All() {
		if d.Account.Field == field {
			return d, true
		}
	}
	return nil, false
}

// Name returns what people call a provider; the provider itself if it is not registered.
func Name(provider cloud.Provider) string {
	if d, ok := Find(provider); ok {
		return d.Name
	}
	return string(provider)
}

// ScopeLocation returns the location of the scope that an instance belongs to. The scopes of a
// provider that is not registered are taken for regions.
func ScopeLocation(provider cloud.Provider, kind cloud.Kind, region, zone string) string {
	if d, ok := Find(provider); ok {
		return d.ScopeLocation(kind, region, zone)
	}
	return region
}

// RegionOf returns the region of a location: of a zone the region that it is in, of everything
// else the location itself.
func RegionOf(provider cloud.Provider, location string) string {
	if d, ok := Find(provider); ok {
		return d.RegionOf(location)
	}
	return location
}

// SelfRestart returns how long the cloud leaves an instance of this kind stopped; 0 if it does not
// start it by itself.
func SelfRestart(provider cloud.Provider, kind cloud.Kind) time.Duration {
	if d, ok := Find(provider); ok {
		return d.SelfRestart(kind)
	}
	return 0
}

// Register adds a cloud. It is meant for tests of a cloud that programs do not offer; they call it
// before they start a service.
func Register(d *cloud.Descriptor) {
	for {
		before := clouds.Load()
		after := append(slices.Clone(*before), d)
		if clouds.CompareAndSwap(before, &after) {
			return
		}
	}
}
