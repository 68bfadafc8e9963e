package keys_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/keys"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// to is the account that the secrets of these tests are bound to.
var to = accounts.Binding{Account: "aws-100000000001", Provider: cloud.AWS, CloudID: "100000000001"}

func open(t *testing.T, config keys.Config, used ...string) *keys.Ring {
	t.Helper()
	ring, err := keys.Open(config, used)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	return ring
}

func seal(t *testing.T, ring *keys.Ring, secret string) *accounts.Sealed {
	t.Helper()
	sealed, err := ring.Seal(t.Context(), to, accounts.NewSecret(secret))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func wantOpens(t *testing.T, ring *keys.Ring, sealed *accounts.Sealed, want string) {
	t.Helper()
	secret, err := ring.Open(t.Context(), accounts.Stored{Binding: to, Sealed: *sealed})
	if err != nil || secret.Reveal() != want {
		t.Errorf("opened %q, %v; want %q", secret.Reveal(), err, want)
	}
}

func wantUnreadable(t *testing.T, ring *keys.Ring, kept accounts.Stored) {
	t.Helper()
	if secret, err := ring.Open(t.Context(), kept); fault.ReasonOf(err) != accounts.ReasonUnreadable || !secret.IsZero() {
		t.Errorf("opened %v, %v", secret, err)
	}
}

// TestOpen_KeysetMadeOnce has many processes make the same keyset: all use one.
func TestOpen_KeysetMadeOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keyset.json")
	rings := make([]*keys.Ring, 8)
	errs := make([]error, len(rings))
	var all sync.WaitGroup
	for i := range rings {
		all.Go(func() { rings[i], errs[i] = keys.Open(keys.Config{KeysetFile: file}, nil) })
	}
	all.Wait()
	for i, ring := range rings {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		wantOpens(t, rings[0], seal(t, ring, "hush"), "hush")
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestOpen_InvalidKeysets(t *testing.T) {
	t.Parallel()
	const mac = `{"primaryKeyId":1,"key":[{"keyData":{"typeUrl":"type.googleapis.com/google.crypto.tink.HmacKey",` +
		`"value":"EgQIAxAgGiDv7w==","keyMaterialType":"SYMMETRIC"},"status":"ENABLED","keyId":1,"outputPrefixType":"TINK"}]}`
	for name, text := range map[string]string{"empty": "", "text": "S3CRET", "JSON": `{"S3CRET":1}`, "another kind": mac, "cut": mac[:90]} {
		file := filepath.Join(t.TempDir(), "keyset.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := keys.Open(keys.Config{KeysetFile: file}, nil)
		if err == nil || strings.Contains(err.Error(), "S3CRET") || strings.Contains(err.Error(), "EgQ") || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadFile(file); string(after) != text {
			t.Errorf("%s: the file was written over", name)
		}
	}
	if _, err := keys.Open(keys.Config{KeysetFile: filepath.Join(t.TempDir(), "no", "such")}, nil); err == nil {
		t.Error("made a keyset in a folder that is not there")
	}
	_, err := keys.Open(keys.Config{KeysetFile: filepath.Join(t.TempDir(), "gone")}, []string{"keyset/1"})
	if err == nil || !strings.Contains(err.Error(), "restore the file") {
		t.Errorf("a keyset that is needed, and gone: %v", err)
	}
}

// TestSeal_Binding opens a secret as every account but its own.
func TestSeal_Binding(t *testing.T) {
	t.Parallel()
	ring := open(t, keys.Config{KeysetFile: filepath.Join(t.TempDir(), "keyset.json")})
	sealed := seal(t, ring, "hush")
	for _, other := range []accounts.Binding{
		{Account: "aws-100000000002", Provider: to.Provider, CloudID: to.CloudID},
		{Account: to.Account, Provider: cloud.GCP, CloudID: to.CloudID},
		{Account: to.Account, Provider: to.Provider, CloudID: "100000000002"},
		{Account: to.Account + to.CloudID, Provider: to.Provider},
		{},
	} {
		wantUnreadable(t, ring, accounts.Stored{Binding: other, Sealed: *sealed})
	}
	for i := range sealed.Ciphertext {
		broken := *sealed
		broken.Ciphertext = slices.Clone(sealed.Ciphertext)
		broken.Ciphertext[i] ^= 1
		wantUnreadable(t, ring, accounts.Stored{Binding: to, Sealed: broken})
	}
	wantUnreadable(t, ring, accounts.Stored{Binding: to, Sealed: accounts.Sealed{KeyID: "keyset/1", Ciphertext: sealed.Ciphertext}})
	wantOpens(t, ring, sealed, "hush")
}

// TestSecret_NotPrinted prints a secret in all the ways there are.
func TestSecret_NotPrinted(t *testing.T) {
	t.Parallel()
	secret := accounts.NewSecret("hush")
	type hidden struct{ inner accounts.Secret }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{secret, &secret, hidden{secret}, &hidden{secret}, []accounts.Secret{secret}} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
				t.Errorf("%s of %T shows it: %s", verb, value, text)
			}
		}
	}
}
