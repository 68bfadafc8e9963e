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

// Config configures the keys.
type Config struct {
	// KeysetFile is the path of a local keyset. If there is no file and no KMS has the first key, it
	// is made.
	KeysetFile string
	// KMSKeyURIs are keys of a KMS, aws-kms://… or gcp-kms://…. The first one encrypts; the others,
	// and the keyset, decrypt older secrets.
	KMSKeyURIs []string
	// Logger logs keys that are made and dropped.
	Logger *slog.Logger
}

// Ring is a set of keys. It is safe for concurrent use.
type Ring struct {
	// sources of keys; the first one encrypts.
	sources []source
	logger  *slog.Logger
}

// source has keys of one kind: those of a keyset file, or one of a KMS. Its errors are faults.
type source interface {
	// current returns the key that encrypts now, and its id.
	current(ctx context.Context) (id string, key tink.AEADWithContext, err error)
	// find returns the key with this id; errNoKey if the source does not have it.
	find(ctx context.Context, id string) (tink.AEADWithContext, error)
	// renew makes a new key that encrypts from then on. The function that it returns drops the keys
	// that were replaced earlier and are not in use.
	renew() (drop func(used []string) error, err error)
	// has reports whether the source has the key with this id, even if it can't be reached.
	has(id string) bool
	close()
}

// errNoKey means that no source has the key.
var errNoKey = errors.New("the key is not configured")

// Open returns the keys of a configuration. Used are the ids of the keys that stored secrets are
// encrypted with. Without any key the ring is empty, and refuses to encrypt.
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
		r.sources = append(r.sources, kms)
	}
	if config.KeysetFile != "" {
		file, err := openKeyset(config, len(r.sources) > 0, used)
		if err != nil {
			return nil, err
		}
		if file != nil {
			r.sources = append(r.sources, file)
		}
	}
	return r, nil
}

// Close closes the connections to the KMS.
func (r *Ring) Close() {
	for _, s := range r.sources {
		s.close()
	}
}

// template is the type of the data keys.
var template = aead.AES256GCMKeyTemplate

// Seal encrypts a secret with the current key. Faults: FAILED_PRECONDITION if there is none,
// UNAVAILABLE if it can't be reached.
func (r *Ring) Seal(ctx context.Context, to accounts.Binding, secret accounts.Secret) (*accounts.Sealed, error) {
	if len(r.sources) == 0 {
		return nil, fault.New(fault.KindFailedPrecondition, fault.ReasonNoKey,
			"Rollcall has no key to encrypt secrets with; its operator sets ROLLCALL_KEYSET_FILE or ROLLCALL_KMS_KEY_URI")
	}
	id, key, err := r.sources[0].current(ctx)
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

// Open decrypts a secret. Faults: FAILED_PRECONDITION with reason SECRET_UNREADABLE if no key
// decrypts it for this account; UNAVAILABLE if the key can't be reached.
func (r *Ring) Open(ctx context.Context, stored accounts.Stored) (accounts.Secret, error) {
	key, err := r.find(ctx, stored.KeyID)
	if err != nil {
		return accounts.Secret{}, r.unreadable(stored, err)
	}
	envelope, err := aead.NewKMSEnvelopeAEADWithContext(template(), key)
	if err != nil {
		return accounts.Secret{}, fmt.Errorf("make an envelope: %w", err)
	}
	text, err := envelope.DecryptWithContext(ctx, stored.Ciphertext, stored.AssociatedData())
	if err != nil {
		return accounts.Secret{}, r.unreadable(stored, err)
	}
	return accounts.NewSecret(string(text)), nil
}

// unreadable returns the fault of a secret that can't be decrypted. Faults and the context's errors
// are returned as they are.
func (r *Ring) unreadable(stored accounts.Stored, err error) error {
	_, known := errors.AsType[*fault.Error](err)
	if known || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return accounts.Unreadable(stored.Account, fmt.Errorf("decrypt with key %s: %w", stored.KeyID, err))
}

func (r *Ring) find(ctx context.Context, id string) (tink.AEADWithContext, error) {
	for _, s := range r.sources {
		if key, err := s.find(ctx, id); !errors.Is(err, errNoKey) {
			return key, err
		}
	}
	return nil, errNoKey
}

// Check returns an ABORTED fault for a key that was dropped: a secret that was encrypted with it
// must not be stored.
func (r *Ring) Check(id string) error {
	for _, s := range r.sources {
		if s.has(id) {
			return nil
		}
	}
	return fault.New(fault.KindAborted, fault.ReasonConflict, "the keys were rotated at the same moment; try again").
		WithCause(fmt.Errorf("key %s: %w", id, errNoKey))
}
