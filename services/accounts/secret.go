package accounts

import (
	"strconv"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

// Secret is the part of credentials that is never shown: a secret access key, or a key file. Only
// Reveal returns its text.
type Secret = secret.Secret

// NewSecret returns the secret with this text; for an empty text, no secret.
func NewSecret(text string) Secret { return secret.New(text) }

// Sealed is an encrypted secret that is bound to its account.
type Sealed struct {
	// KeyID identifies the key that it was encrypted with.
	KeyID string
	// Ciphertext can be decrypted with that key only, and for that account only.
	Ciphertext []byte
	// CreateTime is when it was encrypted, by the database's clock.
	CreateTime time.Time
}

// Binding identifies the account that a sealed secret is bound to: the secret can't be decrypted
// in the row of another account.
type Binding struct {
	// Account by its id.
	Account  string
	Provider Provider
	CloudID  string
}

// Binding returns what the secret of this account is bound to.
func (a *Account) Binding() Binding {
	return Binding{Account: a.ID, Provider: a.Provider, CloudID: a.CloudID}
}

// Stored is a sealed secret with its binding.
type Stored struct {
	Binding
	Sealed
}

// AssociatedData returns the binding as the cipher takes it. It must never change, because no
// stored secret could be decrypted afterwards.
func (b Binding) AssociatedData() []byte {
	data := "rollcall account secret 1"
	for _, part := range []string{b.Account, string(b.Provider), b.CloudID} {
		data += "\n" + strconv.Quote(part)
	}
	return []byte(data)
}

// TakeAnySecret accepts every secret. If none is given, the stored one stays, provided that it
// belongs to the same credentials. A method without a secret ignores what is given.
func TakeAnySecret(a *Account, given Secret, stored *Account, _ keyfile.Hosts) (Secret, error) {
	method := a.Method()
	if method.Secret == "" {
		return Secret{}, nil
	}
	if given.IsZero() && (stored == nil || !stored.Credentials.Equal(a.Credentials)) {
		return Secret{}, fault.Invalid(a.CredentialsField(method.Secret), "must be given with a new %s", method.Title)
	}
	return given, nil
}

// ReasonUnreadable is the reason of Unreadable.
const ReasonUnreadable fault.Reason = "SECRET_UNREADABLE"

// Unreadable returns the fault of a sealed secret that no key decrypts: it was tampered with, or
// the key is lost.
func Unreadable(account string, cause error) error {
	return fault.New(fault.KindFailedPrecondition, ReasonUnreadable,
		"the secret of %s can't be decrypted: its key is missing, or it was tampered with; set the credentials again", Name(account)).
		With("name", Name(account)).WithCause(cause)
}
