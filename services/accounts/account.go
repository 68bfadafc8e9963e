package accounts

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Provider is a cloud, as the enum word of the contract.
type Provider string

// The clouds.
const (
	AWS Provider = "AWS"
	GCP Provider = "GCP"
)

// namePrefix begins the resource name of an account (AIP-122).
const namePrefix = "accounts/"

// Name is the resource name of the account with this id.
func Name(id string) string { return namePrefix + id }

// IDOf is the id in a resource name `accounts/{account}`.
func IDOf(name string) string { return strings.TrimPrefix(name, namePrefix) }

// Account is a cloud account on the roll.
type Account struct {
	// ID is the last part of the resource name.
	ID string
	// Provider and CloudID, the cloud's own id, together name the account to the
	// world. They never change.
	Provider Provider
	CloudID  string

	DisplayName string
	Labels      map[string]string
	// Paused accounts are passed over by the schedule.
	Paused bool
	// ReadOnly accounts have nothing started or stopped in them.
	ReadOnly bool
	// SyncInterval from one sync to the next; 0: the server's default. Held to
	// the microsecond.
	SyncInterval time.Duration
	// Regions to read; empty: all that are enabled.
	Regions []string
	// Credentials say how to sign in; never nil in an account that was stored.
	Credentials Credentials
	// Secret that belongs to the credentials, sealed. Read only where it is asked
	// for; in an account to store, nil leaves the one that is held as it is.
	Secret *Sealed

	// Revision grows with every change of the settings above and is never used
	// twice, not even by another account.
	Revision int64
	// CreateTime and UpdateTime by the database's clock. Connection reports do
	// not move UpdateTime.
	CreateTime, UpdateTime time.Time

	// Connection as it stood when the account was read.
	Connection Connection
}

// DefaultID is the id an account gets when its owner states none:
// `aws-100000000001`. The dots and the colon in the project id of an
// organisation's own domain, `example.com:my-project`, become hyphens.
func (a *Account) DefaultID() string {
	return strings.ToLower(string(a.Provider)) + "-" + strings.NewReplacer(".", "-", ":", "-").Replace(a.CloudID)
}

// Complete fills in what the owner left out: the id, and the cloud's own id for
// a display name.
func (a *Account) Complete() {
	if a.ID == "" {
		a.ID = a.DefaultID()
	}
	if a.DisplayName == "" {
		a.DisplayName = a.CloudID
	}
	if a.Credentials == nil {
		a.Credentials = DefaultCredentials(a.Provider)
	}
	a.SyncInterval = a.SyncInterval.Truncate(time.Microsecond)
}

// Validate tells what is wrong with the settings beyond the rules that the
// contract states for single fields.
func (a *Account) Validate() error {
	if strings.ContainsRune(a.DisplayName, 0) {
		return fault.Invalid("account.display_name", "must not hold the character NUL")
	}
	for _, key := range slices.Sorted(maps.Keys(a.Labels)) {
		if strings.ContainsRune(a.Labels[key], 0) {
			return fault.Invalid("account.labels."+key, "must not hold the character NUL")
		}
	}
	if role, ok := a.Credentials.(AWSAssumeRole); ok {
		return role.validate(a)
	}
	return nil
}

// CheckSuccession tells whether next may take the place of the account's
// settings: which cloud account it is never changes.
func (a *Account) CheckSuccession(next *Account) error {
	if next.Provider != a.Provider {
		return fault.Invalid("account."+strings.ToLower(string(next.Provider)),
			"%s is an account of %s and stays one; add the other cloud's account beside it", Name(a.ID), a.Provider)
	}
	if next.CloudID != a.CloudID {
		field := map[Provider]string{AWS: "account.aws.account_id", GCP: "account.gcp.project_id"}[a.Provider]
		return fault.Invalid(field, "%s is %s and stays it; add %s beside it", Name(a.ID), a.CloudID, next.CloudID)
	}
	return nil
}

// SameSettings tells whether the two have the same settings, so that there is
// nothing to write. A new secret is never the same: there is no telling without
// opening the one that is held.
func (a *Account) SameSettings(b *Account) bool {
	return a.ID == b.ID && a.Provider == b.Provider && a.CloudID == b.CloudID &&
		a.DisplayName == b.DisplayName && maps.Equal(a.Labels, b.Labels) && a.Paused == b.Paused &&
		a.ReadOnly == b.ReadOnly &&
		a.SyncInterval == b.SyncInterval && slices.Equal(a.Regions, b.Regions) &&
		a.Secret == nil && b.Secret == nil && reflect.DeepEqual(a.Credentials, b.Credentials)
}

// Exists is the fault of adding an account that is on the roll already: held
// is the one that stands in the way of wanted.
func Exists(wanted, held *Account) error {
	message := "the name %[1]s is taken: by %[2]s account %[3]s"
	if wanted.Provider == held.Provider && wanted.CloudID == held.CloudID {
		message = "%[2]s account %[3]s is on the roll already: %[1]s"
	}
	return fault.New(fault.KindAlreadyExists, "ACCOUNT_EXISTS", message, Name(held.ID), held.Provider, held.CloudID).
		With("name", Name(held.ID)).With("provider", string(held.Provider)).With("cloudId", held.CloudID)
}
