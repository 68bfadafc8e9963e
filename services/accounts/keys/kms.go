package keys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// kmsLimit is the time limit of one call to a KMS, retries of its client included.
const kmsLimit = 10 * time.Second

// kms is one key of a key management service. The connection is made when it is first needed, and
// tried again after a failure: a service that starts without its KMS works as soon as that answers.
type kms struct {
	uri  string
	kind kmsKind

	mu     sync.Mutex
	key    tink.AEADWithContext
	closer io.Closer
}

// kmsKind is one cloud's KMS.
type kmsKind struct {
	// prefix of the URIs, and the form of a whole URI.
	prefix string
	form   *regexp.Regexp
	// example for people.
	example string
	// connect returns a client for the key; the closer may be nil.
	connect func(ctx context.Context, uri string) (tink.AEADWithContext, io.Closer, error)
	// rejects reports whether an error means that the KMS answered and that the ciphertext was not
	// encrypted with the key.
	rejects func(error) bool
}

var kmsKinds = []kmsKind{awsKMS, gcpKMS}

func newKMS(uri string) (*kms, error) {
	for _, kind := range kmsKinds {
		if !strings.HasPrefix(uri, kind.prefix) {
			continue
		}
		if !kind.form.MatchString(uri) {
			return nil, fmt.Errorf("ROLLCALL_KMS_KEY_URI: %q is not the URI of a key; an example is %s", uri, kind.example)
		}
		return &kms{uri: uri, kind: kind}, nil
	}
	return nil, fmt.Errorf("ROLLCALL_KMS_KEY_URI: %q must begin with %s or %s", uri, awsKMS.prefix, gcpKMS.prefix)
}

func (k *kms) current(ctx context.Context) (string, tink.AEADWithContext, error) {
	key, err := k.reach(ctx)
	return k.uri, key, err
}

func (k *kms) find(ctx context.Context, id string) (tink.AEADWithContext, error) {
	if !k.has(id) {
		return nil, errNoKey
	}
	return k.reach(ctx)
}

func (k *kms) has(id string) bool { return id == k.uri }

// renew does nothing: a KMS makes new versions of its key by itself and encrypts with the newest.
func (k *kms) renew() (func([]string) error, error) {
	return func([]string) error { return nil }, nil
}

func (k *kms) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closer != nil {
		_ = k.closer.Close()
	}
}

// reach returns the key, and connects to the KMS if needed.
func (k *kms) reach(ctx context.Context) (tink.AEADWithContext, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == nil {
		// The client is used after the call that makes it.
		key, closer, err := k.kind.connect(context.WithoutCancel(ctx), k.uri)
		if err != nil {
			return nil, k.unavailable(ctx, err)
		}
		k.key, k.closer = key, closer
	}
	return &remoteKey{kms: k, key: k.key}, nil
}

// unavailable returns the fault of a call to the KMS that failed.
func (k *kms) unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.New(fault.KindUnavailable, fault.ReasonKeyUnavailable,
		"the key %s can't be used at the moment, so no secret can be written or read; try again soon", k.uri).
		With("key", k.uri).WithCause(err)
}

// errRejected means that a KMS did not decrypt a data key.
var errRejected = errors.New("the key management service rejected the ciphertext: it was not encrypted with this key")

// remoteKey is a key that stays in its KMS.
type remoteKey struct {
	kms *kms
	key tink.AEADWithContext
}

// EncryptWithContext encrypts a data key in the KMS.
func (l *remoteKey) EncryptWithContext(ctx context.Context, plaintext, associatedData []byte) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, kmsLimit)
	defer cancel()
	ciphertext, err := l.key.EncryptWithContext(limited, plaintext, associatedData)
	if err != nil {
		return nil, l.kms.unavailable(ctx, err)
	}
	return ciphertext, nil
}

// DecryptWithContext decrypts a data key in the KMS.
func (l *remoteKey) DecryptWithContext(ctx context.Context, ciphertext, associatedData []byte) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, kmsLimit)
	defer cancel()
	plaintext, err := l.key.DecryptWithContext(limited, ciphertext, associatedData)
	if err != nil && l.kms.kind.rejects(err) {
		return nil, errors.Join(errRejected, err)
	}
	if err != nil {
		return nil, l.kms.unavailable(ctx, err)
	}
	return plaintext, nil
}
