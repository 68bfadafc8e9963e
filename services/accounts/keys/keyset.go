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

// keysetFile is a keyset in a file, in Tink's JSON form. Every process that
// shares the file sees at once what one of them changes.
type keysetFile struct {
	path   string
	logger *slog.Logger

	mu sync.Mutex
	// info is the file as it was read last; handle and key are what it held.
	info   fs.FileInfo
	handle *keyset.Handle
	key    tink.AEADWithContext
}

// openKeyset opens the keyset, and makes it when it is not there. When another
// keeper encrypts, it is only for reading: nil when it is not there.
func openKeyset(config Config, readOnly bool, used []string) (*keysetFile, error) {
	k := &keysetFile{path: config.KeysetFile, logger: config.Logger}
	err := k.read()
	if errors.Is(err, fs.ErrNotExist) {
		needed := slices.ContainsFunc(used, func(id string) bool { return strings.HasPrefix(id, keysetPrefix) })
		switch {
		case needed:
			return nil, fmt.Errorf("the keyset %s is gone, and there are secrets that only its keys decrypt: put it back; "+
				"if it is lost for good, delete the rows of the table secrets and state those accounts' credentials again", k.path)
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
		k.logger.Warn("others on this machine may read the keyset that encrypts secrets; chmod 600 it", "file", k.path)
	}
	return k, nil
}

// read reads the file if it has changed since it was read last. The caller holds
// mu, or has the keyset for itself.
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
	// The errors of these may quote the keyset, so none is passed on.
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return fmt.Errorf("the file %s holds no Tink keyset in JSON", k.path)
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
		// What is encrypted with a key that is on no disk is lost with the process.
		return "", nil, k.away(err)
	}
	primary, err := k.handle.Primary()
	if err != nil {
		return "", nil, k.away(err)
	}
	return keyID(primary.KeyID()), k.key, nil
}

func (k *keysetFile) away(err error) error {
	return fault.New(fault.KindUnavailable, "KEY_UNAVAILABLE",
		"the keyset can't be read at the moment, so no secret can be written; try again soon").WithCause(err)
}

func (k *keysetFile) find(_ context.Context, id string) (tink.AEADWithContext, error) {
	if !k.holds(id) {
		return nil, errNoKey
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.key, nil
}

// holds looks into the file as it is now, or as it was when it could be read
// last.
func (k *keysetFile) holds(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(); err != nil && k.logger != nil {
		k.logger.Warn("the keyset can't be read; going on with what it held", "error", err)
	}
	return slices.ContainsFunc(k.handle.KeysetInfo().GetKeyInfo(), func(info *keyInfo) bool { return keyID(info.GetKeyId()) == id })
}

func (k *keysetFile) close() {}

// keyID is the id of a key of the keyset among all keys.
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
