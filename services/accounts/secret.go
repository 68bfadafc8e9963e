package accounts

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// Secret is what credentials need beside what everyone may see: a secret access
// key, or a key file. However it is printed, logged or encoded, it shows as a
// placeholder; only Reveal tells it. The zero value is no secret.
type Secret struct {
	// A pointer, so that also a printer that reads unexported fields shows an
	// address.
	text *string
}

// NewSecret is the secret of a text; an empty text is none.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal is the secret's text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero tells whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

const placeholder = "(secret)"

// Format hides the secret from fmt, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(placeholder), nil }

// Sealed is a secret as it is kept: encrypted, and bound to its account.
type Sealed struct {
	// KeyID says which key it was encrypted with.
	KeyID string
	// Ciphertext that only that key, and only for that account, opens.
	Ciphertext []byte
	// CreateTime is when it was encrypted, by the database's clock.
	CreateTime time.Time
}

// Binding is what a sealed secret is bound to: who moves it to another account's
// row can't open it there.
type Binding struct {
	// Account by its id.
	Account  string
	Provider Provider
	CloudID  string
}

// Binding is what this account's secret is bound to.
func (a *Account) Binding() Binding {
	return Binding{Account: a.ID, Provider: a.Provider, CloudID: a.CloudID}
}

// Kept is a sealed secret with what it is bound to.
type Kept struct {
	Binding
	Sealed
}

// AssociatedData is the binding as the cipher takes it. It never changes, or
// every secret there is were lost.
func (b Binding) AssociatedData() []byte {
	data := "rollcall account secret 1"
	for _, part := range []string{b.Account, string(b.Provider), b.CloudID} {
		data += "\n" + strconv.Quote(part)
	}
	return []byte(data)
}

// TakeSecret checks the secret that came with the account's credentials, fills
// in what they show of it, and returns it as it is to be kept: a key file holds
// only what was read and checked. Without a new secret the held one stays, if
// there is one for the same credentials; held is nil for a new account.
func (a *Account) TakeSecret(given Secret, held *Account, hosts keyfile.Hosts) (Secret, error) {
	switch c := a.Credentials.(type) {
	case AWSAccessKey:
		if given.IsZero() && !holds(held, func(h AWSAccessKey) bool { return h == c }) {
			return Secret{}, fault.Invalid("account.aws.access_key.secret_access_key", "must be given with a new access key")
		}
		return given, nil
	case GCPServiceAccountKey:
		return a.takeServiceAccountKey(given, held, hosts)
	case GCPWorkloadIdentity:
		return a.takeWorkloadIdentity(given, held, hosts)
	}
	return Secret{}, nil
}

// holds tells whether an account's credentials are of a type, and as they should
// be.
func holds[C Credentials](held *Account, as func(C) bool) bool {
	if held == nil {
		return false
	}
	c, ok := held.Credentials.(C)
	return ok && as(c)
}

const (
	serviceAccountKeyField = "account.gcp.service_account_key.json"
	workloadIdentityField  = "account.gcp.workload_identity.json"
)

func (a *Account) takeServiceAccountKey(given Secret, held *Account, hosts keyfile.Hosts) (Secret, error) {
	if given.IsZero() {
		if !holds(held, func(GCPServiceAccountKey) bool { return true }) {
			return Secret{}, fault.Invalid(serviceAccountKeyField, "must be the key file that Google made")
		}
		a.Credentials = held.Credentials
		return Secret{}, nil
	}
	key, err := keyfile.ParseServiceAccount([]byte(given.Reveal()), hosts)
	if err != nil {
		return Secret{}, invalidFile(serviceAccountKeyField, err)
	}
	if key.ProjectID != a.CloudID {
		// Rather now than at the first sync: the key opens another project than
		// the one stated.
		mismatch := fault.Invalid(serviceAccountKeyField, "project_id: the key belongs to another project than %s", a.CloudID)
		mismatch.Reason = "ACCOUNT_MISMATCH"
		return Secret{}, mismatch
	}
	a.Credentials = GCPServiceAccountKey{ClientEmail: key.ClientEmail, PrivateKeyID: key.PrivateKeyID}
	return NewSecret(string(key.JSON())), nil
}

func (a *Account) takeWorkloadIdentity(given Secret, held *Account, hosts keyfile.Hosts) (Secret, error) {
	if given.IsZero() {
		if !holds(held, func(GCPWorkloadIdentity) bool { return true }) {
			return Secret{}, fault.Invalid(workloadIdentityField, "must be the configuration file that gcloud made")
		}
		a.Credentials = held.Credentials
		return Secret{}, nil
	}
	account, err := keyfile.ParseExternalAccount([]byte(given.Reveal()), hosts)
	if err != nil {
		return Secret{}, invalidFile(workloadIdentityField, err)
	}
	a.Credentials = GCPWorkloadIdentity{Audience: account.Audience, ServiceAccount: account.ServiceAccount()}
	return NewSecret(string(account.JSON())), nil
}

// invalidFile is the fault of a key file; it names the member that is wrong.
func invalidFile(field string, err error) error {
	if wrong, ok := errors.AsType[*keyfile.Error](err); ok {
		return fault.Invalid(field, "%s", wrong)
	}
	return err
}

// ReasonUnreadable is the reason of Unreadable.
const ReasonUnreadable = "SECRET_UNREADABLE"

// Unreadable is the fault of a sealed secret that no key opens any more: it was
// tampered with, or the key is lost.
func Unreadable(account string, cause error) error {
	return fault.New(fault.KindFailedPrecondition, ReasonUnreadable,
		"the secret of %s can't be decrypted: its key is gone, or it was tampered with; state the credentials again", Name(account)).
		With("name", Name(account)).WithCause(cause)
}
