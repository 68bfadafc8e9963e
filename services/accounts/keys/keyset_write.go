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

// keyInfo is what a keyset shows of one of its keys.
type keyInfo = tinkpb.KeysetInfo_KeyInfo

// create makes the file, with one key. Of two processes that do so at once, the
// first one's stays.
func (k *keysetFile) create() error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	// A link never takes the place of a file that is there, and shows the whole
	// of it at once.
	err = k.write(handle, os.Link)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err == nil && k.logger != nil {
		k.logger.Info("made a keyset to encrypt secrets with; keep a copy of it in a safe place, for without it they can't be read", "file", k.path)
	}
	return nil
}

// write writes the keyset beside the file, for its owner alone, and has place
// put it there.
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
	// A secret may be encrypted with the new key at once: the key must outlive a
	// loss of power as well as the secret does.
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

// renew adds a key to the file, the new primary. The keys before it stay. Those
// that an earlier renewal had replaced already are dropped when nothing is
// encrypted with them; the one that is replaced now is not, so that a copy of the
// database from before can still be read.
func (k *keysetFile) renew() (drop func(used []string) error, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(); err != nil {
		return nil, k.away(err)
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

// change changes the keyset in the file.
func (k *keysetFile) change(do func(*keyset.Manager) error) error {
	if err := k.read(); err != nil {
		return k.away(err)
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
		return k.away(err)
	}
	return k.read()
}
