package keys

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Config says where the keys are.
type Config struct {
	// KeysetFile is the path of a local keyset. It is made when it is not there,
	// unless a KMS has the first key.
	KeysetFile string
	// KMSKeyURIs are keys of a KMS, aws-kms://… or gcp-kms://…. The first encrypts;
	// the others, and the keyset, decrypt what they once encrypted.
	KMSKeyURIs []string
	// Logger is told of keys that come and go.
	Logger *slog.Logger
}

// Ring holds the keys. It is safe for concurrent use.
type Ring struct {
	// keepers hold the keys; the first one's encrypt.
	keepers []keeper
	logger  *slog.Logger
}

// keeper holds keys of one kind. Its errors are faults.
type keeper interface {
	// current is the key that encrypts now, and its id.
	current(ctx context.Context) (id string, key tink.AEADWithContext, err error)
	// find is the key with this id; errNoKey when it is not here.
	find(ctx context.Context, id string) (tink.AEADWithContext, error)
	// renew makes a new key the one that encrypts. What it returns drops those of
	// the keys that were no longer the current one before, and that are not in use.
	renew() (drop func(used []string) error, err error)
	// holds tells whether the key with this id is here, reachable or not.
	holds(id string) bool
	close()
}

// errNoKey says that a key is not there.
var errNoKey = errors.New("the key is not on the ring")

// Open is the ring of a configuration; used are the keys that secrets are
// encrypted with already. Without any key the ring is empty: it keeps no secret.
func Open(config Config, used []string) (*Ring, error) {
	r := &Ring{logger: config.Logger}
	for _, uri := range config.KMSKeyURIs {
		if uri == "" {
			continue
		}
		kms, err := newKMS(uri)
		if err != nil {
			return nil, err
		}
		r.keepers = append(r.keepers, kms)
	}
	if config.KeysetFile != "" {
		file, err := openKeyset(config, len(r.keepers) > 0, used)
		if err != nil {
			return nil, err
		}
		if file != nil {
			r.keepers = append(r.keepers, file)
		}
	}
	return r, nil
}

// Close gives up the connections to the KMS.
func (r *Ring) Close() {
	for _, k := range r.keepers {
		k.close()
	}
}

// template of the data keys.
var template = aead.AES256GCMKeyTemplate

// Seal encrypts a secret with the key that encrypts now. Faults:
// FAILED_PRECONDITION when there is none, UNAVAILABLE when it can't be reached.
func (r *Ring) Seal(ctx context.Context, to accounts.Binding, secret accounts.Secret) (*accounts.Sealed, error) {
	if len(r.keepers) == 0 {
		return nil, fault.New(fault.KindFailedPrecondition, "NO_KEY",
			"Rollcall has no key to encrypt secrets with; its operator sets ROLLCALL_KEYSET_FILE or ROLLCALL_KMS_KEY_URI")
	}
	id, key, err := r.keepers[0].current(ctx)
	if err != nil {
		return nil, err
	}
	envelope, err := aead.NewKMSEnvelopeAEADWithContext(template(), key)
	if err != nil {
		return nil, fmt.Errorf("make an envelope: %w", err)
	}
	ciphertext, err := envelope.EncryptWithContext(ctx, []byte(secret.Reveal()), to.AssociatedData())
	if err != nil {
		return nil, fmt.Errorf("encrypt the secret of %s: %w", accounts.Name(to.Account), err)
	}
	return &accounts.Sealed{KeyID: id, Ciphertext: ciphertext}, nil
}

// Open decrypts a secret. Faults: FAILED_PRECONDITION, SECRET_UNREADABLE, when no
// key opens it for this account; UNAVAILABLE when the key can't be reached.
func (r *Ring) Open(ctx context.Context, kept accounts.Kept) (accounts.Secret, error) {
	key, err := r.find(ctx, kept.KeyID)
	if err != nil {
		return accounts.Secret{}, r.unreadable(kept, err)
	}
	envelope, err := aead.NewKMSEnvelopeAEADWithContext(template(), key)
	if err != nil {
		return accounts.Secret{}, fmt.Errorf("make an envelope: %w", err)
	}
	text, err := envelope.DecryptWithContext(ctx, kept.Ciphertext, kept.AssociatedData())
	if err != nil {
		return accounts.Secret{}, r.unreadable(kept, err)
	}
	return accounts.NewSecret(string(text)), nil
}

// unreadable is the fault of a secret that did not open, unless the reason is
// another one.
func (r *Ring) unreadable(kept accounts.Kept, err error) error {
	_, known := errors.AsType[*fault.Error](err)
	if known || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return accounts.Unreadable(kept.Account, fmt.Errorf("open with key %s: %w", kept.KeyID, err))
}

func (r *Ring) find(ctx context.Context, id string) (tink.AEADWithContext, error) {
	for _, k := range r.keepers {
		if key, err := k.find(ctx, id); !errors.Is(err, errNoKey) {
			return key, err
		}
	}
	return nil, errNoKey
}

// Check refuses a key that is no longer on the ring, ABORTED: a secret that was
// encrypted with it must not come to be kept.
func (r *Ring) Check(id string) error {
	for _, k := range r.keepers {
		if k.holds(id) {
			return nil
		}
	}
	return fault.New(fault.KindAborted, "CONFLICT", "the keys were rotated at the same moment; try again").
		WithCause(fmt.Errorf("key %s: %w", id, errNoKey))
}
