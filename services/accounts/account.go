package accounts

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Provider is a cloud, as the enum value of the contract is spelled.
type Provider = cloud.Provider

// namePrefix begins the resource name of an account (AIP-122).
const namePrefix = "accounts/"

// Name returns the resource name of the account with this id.
func Name(id string) string { return namePrefix + id }

// IDOf returns the id in a resource name `accounts/{account}`.
func IDOf(name string) string { return strings.TrimPrefix(name, namePrefix) }

// Account is a cloud account that Rollcall reads.
type Account struct {
	// ID is the last part of the resource name.
	ID string
	// Provider and CloudID, the cloud's own id, identify the account. They never change.
	Provider Provider
	CloudID  string

	DisplayName string
	Labels      map[string]string
	// Paused accounts are not synced by the schedule.
	Paused bool
	// ReadOnly accounts refuse every start and stop.
	ReadOnly bool
	// SyncInterval is the time from one sync to the next; 0: the server's default. It is stored in
	// microseconds.
	SyncInterval time.Duration
	// Regions to read; empty: all that are enabled.
	Regions []string
	// Credentials describe how to sign in. The method is always set in a stored account.
	Credentials Credentials
	// Secret of the credentials, encrypted. It is read only where it is asked for; in an account to
	// store, nil leaves the stored one as it is.
	Secret *Sealed

	// Revision grows with every change of the settings above and is never used twice, not even by
	// another account.
	Revision int64
	// CreateTime and UpdateTime are by the database's clock. Reports on the connection do not
	// change UpdateTime.
	CreateTime, UpdateTime time.Time

	// Connection is its state at the time the account was read.
	Connection Connection
}

// Cloud returns the description of the account's cloud; an empty one if it is not registered,
// which the contract's border refuses.
func (a *Account) Cloud() *cloud.Descriptor {
	if d, ok := registry.Find(a.Provider); ok {
		return d
	}
	return &cloud.Descriptor{Provider: a.Provider, Name: string(a.Provider)}
}

// Complete fills in what the owner left out: the id, the display name, and the way to sign in.
func (a *Account) Complete() {
	d := a.Cloud()
	if a.ID == "" {
		a.ID = d.Account.DefaultID(a.CloudID)
	}
	if a.DisplayName == "" {
		a.DisplayName = a.CloudID
	}
	if a.Credentials.Method == "" && len(d.Methods) > 0 {
		a.Credentials.Method = d.Default().Name
	}
	a.SyncInterval = a.SyncInterval.Truncate(time.Microsecond)
}

// Validate checks what the contract's rules for single fields do not cover and what does not
// depend on the cloud.
func (a *Account) Validate() error {
	if strings.ContainsRune(a.DisplayName, 0) {
		return fault.Invalid("account.display_name", "must not contain the character NUL")
	}
	for _, key := range slices.Sorted(maps.Keys(a.Labels)) {
		if strings.ContainsRune(a.Labels[key], 0) {
			return fault.Invalid("account.labels."+key, "must not contain the character NUL")
		}
	}
	if a.Credentials.Source != "" && a.Credentials.Source == a.ID {
		return fault.Invalid(a.sourceField(), "must be another account")
	}
	return nil
}

// CheckSuccessor refuses next as the new settings of the account if it is another cloud account.
func (a *Account) CheckSuccessor(next *Account) error {
	if next.Provider != a.Provider {
		return fault.Invalid("account."+next.Cloud().Account.Field,
			"%s is an account of %s and stays one; create an account for the other cloud", Name(a.ID), a.Provider)
	}
	if next.CloudID != a.CloudID {
		return fault.Invalid("account."+a.Cloud().Account.IDPath(),
			"%s is %s and can't change; create an account for %s", Name(a.ID), a.CloudID, next.CloudID)
	}
	return nil
}

// SameSettings reports whether the two have the same settings, so that there is nothing to write.
// A new secret always counts as a change: comparing it would need the stored one in plain text.
func (a *Account) SameSettings(b *Account) bool {
	return a.ID == b.ID && a.Provider == b.Provider && a.CloudID == b.CloudID &&
		a.DisplayName == b.DisplayName && maps.Equal(a.Labels, b.Labels) && a.Paused == b.Paused &&
		a.ReadOnly == b.ReadOnly &&
		a.SyncInterval == b.SyncInterval && slices.Equal(a.Regions, b.Regions) &&
		a.Secret == nil && b.Secret == nil && reflect.DeepEqual(a.Credentials, b.Credentials)
}

// Exists returns the fault of creating an account that exists already: stored is the one that
// conflicts with wanted.
func Exists(wanted, stored *Account) error {
	message := "the name %[1]s is taken by %[2]s account %[3]s; choose another account_id"
	if wanted.Provider == stored.Provider && wanted.CloudID == stored.CloudID {
		message = "%[2]s account %[3]s exists already: %[1]s"
	}
	return fault.New(fault.KindAlreadyExists, fault.ReasonAccountExists, message, Name(stored.ID), stored.Provider, stored.CloudID).
		With("name", Name(stored.ID)).With("provider", string(stored.Provider)).With("cloudId", stored.CloudID)
}
