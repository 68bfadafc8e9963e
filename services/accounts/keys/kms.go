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

// kmsLimit is how long a KMS may take to answer one call, with what its client
// retries.
const kmsLimit = 10 * time.Second

// kms is one key of a key management service. It is reached when it is first
// needed, and again after that has failed: a service that starts while its KMS
// is away works when that is back.
type kms struct {
	uri  string
	kind kmsKind

	mu     sync.Mutex
	key    tink.AEADWithContext
	closer io.Closer
}

// kmsKind is one cloud's KMS.
type kmsKind struct {
	// prefix of the URIs, and the form of all of them.
	prefix string
	form   *regexp.Regexp
	// example for people.
	example string
	// connect makes a client of the key; the closer may be nil.
	connect func(ctx context.Context, uri string) (tink.AEADWithContext, io.Closer, error)
	// rejects tells whether an error says that the KMS was there and the
	// ciphertext is none of the key's.
	rejects func(error) bool
}

var kmsKinds = []kmsKind{awsKMS, gcpKMS}

func newKMS(uri string) (*kms, error) {
	for _, kind := range kmsKinds {
		if !strings.HasPrefix(uri, kind.prefix) {
			continue
		}
		if !kind.form.MatchString(uri) {
			return nil, fmt.Errorf("ROLLCALL_KMS_KEY_URI: %q is no key; one looks like %s", uri, kind.example)
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
	if !k.holds(id) {
		return nil, errNoKey
	}
	return k.reach(ctx)
}

func (k *kms) holds(id string) bool { return id == k.uri }

// renew has nothing to make: a KMS makes new versions of its key by itself, and
// encrypts with the newest.
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

// reach is the key as the KMS lends it.
func (k *kms) reach(ctx context.Context) (tink.AEADWithContext, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == nil {
		// The client outlives the call that makes it.
		key, closer, err := k.kind.connect(context.WithoutCancel(ctx), k.uri)
		if err != nil {
			return nil, k.away(ctx, err)
		}
		k.key, k.closer = key, closer
	}
	return &lent{kms: k, key: k.key}, nil
}

// away is the fault of a KMS that did not do what it was asked.
func (k *kms) away(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.New(fault.KindUnavailable, "KEY_UNAVAILABLE",
		"the key %s can't be used at the moment, so no secret can be written or read; try again soon", k.uri).
		With("key", k.uri).WithCause(err)
}

// errRejected says that a KMS did not open a data key.
var errRejected = errors.New("the key management service says that the ciphertext is not of this key")

// lent is a key that never leaves its KMS.
type lent struct {
	kms *kms
	key tink.AEADWithContext
}

// EncryptWithContext has the KMS encrypt a data key.
func (l *lent) EncryptWithContext(ctx context.Context, plaintext, associatedData []byte) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, kmsLimit)
	defer cancel()
	ciphertext, err := l.key.EncryptWithContext(limited, plaintext, associatedData)
	if err != nil {
		return nil, l.kms.away(ctx, err)
	}
	return ciphertext, nil
}

// DecryptWithContext has the KMS decrypt a data key.
func (l *lent) DecryptWithContext(ctx context.Context, ciphertext, associatedData []byte) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, kmsLimit)
	defer cancel()
	plaintext, err := l.key.DecryptWithContext(limited, ciphertext, associatedData)
	if err != nil && l.kms.kind.rejects(err) {
		return nil, errors.Join(errRejected, err)
	}
	if err != nil {
		return nil, l.kms.away(ctx, err)
	}
	return plaintext, nil
}
