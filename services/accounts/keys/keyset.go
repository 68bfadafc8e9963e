package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// keysetPrefix begins the ids of keys in the keyset.
const keysetPrefix = "keyset/"

// keysetFile is a keyset in a file, in Tink's JSON form. Processes that share the file see the
// changes of one another at once.
type keysetFile struct {
	path   string
	logger *slog.Logger

	mu sync.Mutex
	// info, handle and key are of the file as it was read last.
	info   fs.FileInfo
	handle *keyset.Handle
	key    tink.AEADWithContext
}

// openKeyset opens the keyset, and makes it if there is no file. If another source encrypts, the
// keyset is for decrypting only, and without a file it returns nil.
func openKeyset(config Config, readOnly bool, used []string) (*keysetFile, error) {
	k := &keysetFile{path: config.KeysetFile, logger: config.Logger}
	err := k.read()
	if errors.Is(err, fs.ErrNotExist) {
		needed := slices.ContainsFunc(used, func(id string) bool { return strings.HasPrefix(id, keysetPrefix) })
		switch {
		case needed:
			return nil, fmt.Errorf("the keyset %s is missing, and only its keys decrypt some of the stored secrets: restore the file; "+
				"if it is lost, delete the rows of the table secrets and set the credentials of those accounts again", k.path)
		case readOnly:
			return nil, nil
		}
		if err := k.create(); err != nil {
			return nil, err
		}
		err = k.read()
	}
	if err != nil {
		return nil, err
	}
	if k.logger != nil && k.info.Mode().Perm()&0o077 != 0 {
		k.logger.Warn("keyset is readable by others; run chmod 600 on it", "file", k.path)
	}
	return k, nil
}

// read reads the file if it has changed since it was read last. The caller holds mu, or is the only
// user of the keyset.
func (k *keysetFile) read() error {
	info, err := os.Stat(k.path)
	if err != nil {
		return fmt.Errorf("read the keyset: %w", err)
	}
	if k.info != nil && os.SameFile(info, k.info) && info.ModTime().Equal(k.info.ModTime()) && info.Size() == k.info.Size() {
		return nil
	}
	text, err := os.ReadFile(k.path)
	if err != nil {
		return fmt.Errorf("read the keyset: %w", err)
	}
	// The errors of these may quote the keyset, so they are not wrapped.
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return fmt.Errorf("the file %s is not a Tink keyset in JSON", k.path)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return fmt.Errorf("the keyset %s is not for authenticated encryption (AEAD)", k.path)
	}
	k.info, k.handle, k.key = info, handle, local{primitive}
	return nil
}

func (k *keysetFile) current(context.Context) (string, tink.AEADWithContext, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(); err != nil {
		// A secret that is encrypted with a key that is on no disk would be lost with the process.
		return "", nil, k.unavailable(err)
	}
	primary, err := k.handle.Primary()
	if err != nil {
		return "", nil, k.unavailable(err)
	}
	return keyID(primary.KeyID()), k.key, nil
}

func (k *keysetFile) unavailable(err error) error {
	return fault.New(fault.KindUnavailable, fault.ReasonKeyUnavailable,
		"the keyset can't be read at the moment, so no secret can be written; try again soon").WithCause(err)
}

func (k *keysetFile) find(_ context.Context, id string) (tink.AEADWithContext, error) {
	if !k.has(id) {
		return nil, errNoKey
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.key, nil
}

// has checks the file as it is now or, if it can't be read, as it was read last.
func (k *keysetFile) has(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(); err != nil && k.logger != nil {
		k.logger.Warn("keyset not readable; its last content is used", "error", err)
	}
	return slices.ContainsFunc(k.handle.KeysetInfo().GetKeyInfo(), func(info *keyInfo) bool { return keyID(info.GetKeyId()) == id })
}

func (k *keysetFile) close() {}

// keyID returns the id of a key of the keyset among the keys of all sources.
func keyID(id uint32) string { return keysetPrefix + strconv.FormatUint(uint64(id), 10) }

// local is a key in this process.
type local struct{ aead tink.AEAD }

// EncryptWithContext encrypts a data key.
func (l local) EncryptWithContext(_ context.Context, plaintext, associatedData []byte) ([]byte, error) {
	return l.aead.Encrypt(plaintext, associatedData)
}

// DecryptWithContext decrypts a data key.
func (l local) DecryptWithContext(_ context.Context, ciphertext, associatedData []byte) ([]byte, error) {
	return l.aead.Decrypt(ciphertext, associatedData)
}
