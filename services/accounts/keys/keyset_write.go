package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

// keyInfo is the public information about a key of a keyset.
type keyInfo = tinkpb.KeysetInfo_KeyInfo

// create makes the file with one key. If two processes do so at once, the first file stays.
func (k *keysetFile) create() error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	// A link never replaces a file, and makes the complete file visible at once.
	err = k.write(handle, os.Link)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err == nil && k.logger != nil {
		k.logger.Info("keyset created; keep a copy of it in a safe place, because secrets can't be read without it", "file", k.path)
	}
	return nil
}

// write writes the keyset to a temporary file that only its owner may read, and calls place to move
// it to its path.
func (k *keysetFile) write(handle *keyset.Handle, place func(from, to string) error) (err error) {
	folder := filepath.Dir(k.path)
	file, err := os.CreateTemp(folder, ".keyset-*") // made 0600
	if err != nil {
		return fmt.Errorf("write the keyset: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	err = insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(file))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write the keyset: %w", err)
	}
	if err := place(file.Name(), k.path); err != nil {
		return fmt.Errorf("write the keyset: %w", err)
	}
	// A secret may be encrypted with the new key at once, so the key must survive a loss of power as
	// the secret does.
	return syncFolder(folder)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("write the keyset: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("write the keyset: %w", err)
	}
	return nil
}

// renew adds a key to the file, which becomes the primary one, and leaves the others. The returned
// function drops the keys that an earlier renewal replaced and that encrypt nothing. It does not
// drop the key that is replaced now, so that an older copy of the database can still be read.
func (k *keysetFile) renew() (drop func(used []string) error, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(); err != nil {
		return nil, k.unavailable(err)
	}
	var replaced []uint32
	info := k.handle.KeysetInfo()
	for _, key := range info.GetKeyInfo() {
		if key.GetKeyId() != info.GetPrimaryKeyId() {
			replaced = append(replaced, key.GetKeyId())
		}
	}
	err = k.change(func(m *keyset.Manager) error {
		id, err := m.Add(aead.AES256GCMKeyTemplate())
		if err != nil {
			return err
		}
		return m.SetPrimary(id)
	})
	return func(used []string) error { return k.drop(replaced, used) }, err
}

func (k *keysetFile) drop(replaced []uint32, used []string) error {
	replaced = slices.DeleteFunc(replaced, func(id uint32) bool { return slices.Contains(used, keyID(id)) })
	if len(replaced) == 0 {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.change(func(m *keyset.Manager) error {
		for _, id := range replaced {
			if err := m.Delete(id); err != nil {
				return err
			}
		}
		return nil
	})
}

// change changes the keyset in the file by calling do.
func (k *keysetFile) change(do func(*keyset.Manager) error) error {
	if err := k.read(); err != nil {
		return k.unavailable(err)
	}
	manager := keyset.NewManagerFromHandle(k.handle)
	if err := do(manager); err != nil {
		return fmt.Errorf("change the keyset: %w", err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return fmt.Errorf("change the keyset: %w", err)
	}
	if err := k.write(handle, os.Rename); err != nil {
		return k.unavailable(err)
	}
	return k.read()
}
