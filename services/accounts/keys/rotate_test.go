package keys_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/accounts/keys"
	accountspg "github.com/rollcall-dev/rollcall/services/accounts/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/postgres"
)

// template is a database with the schema of the service.
var template = dbtest.Template{
	Service: "accounts",
	Version: dbtest.HashFS(migrations.Accounts()),
	Migrate: func(ctx context.Context, url string) error {
		return postgres.Migrate(ctx, url, migrations.Accounts(), accountspg.Schema)
	},
}

// dying is a store whose process dies after a number of exchanges.
type dying struct {
	*accountspg.Store
	left int
	die  context.CancelFunc
}

func (d *dying) Exchange(ctx context.Context, stored accounts.Stored, next accounts.Sealed) (bool, error) {
	if d.left == 0 {
		d.die()
	}
	d.left--
	return d.Store.Exchange(ctx, stored, next)
}

// TestRotate_Interrupted has a rotation die after any number of secrets: all are
// readable, and the next rotation does them all.
func TestRotate_Interrupted(t *testing.T) {
	t.Parallel()
	const count = 4
	store := accountspg.New(dbtest.New(t, template).Pool(t))
	file := filepath.Join(t.TempDir(), "keyset.json")
	ring := open(t, keys.Config{KeysetFile: file})
	store.CheckKeys(ring.Check)
	for i := range count {
		account := &accounts.Account{Provider: cloud.AWS, CloudID: fmt.Sprintf("%012d", i), Credentials: accounts.Credentials{Method: "AWS_ACCESS_KEY"}}
		account.Complete()
		var err error
		if account.Secret, err = ring.Seal(t.Context(), account.Binding(), accounts.NewSecret("hush "+account.ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Create(t.Context(), account); err != nil {
			t.Fatal(err)
		}
	}
	wantAllReadable := func() {
		t.Helper()
		again := open(t, keys.Config{KeysetFile: file}) // as after a restart
		for i := range count {
			account, _, err := store.Fetch(t.Context(), fmt.Sprintf("aws-%012d", i))
			if err != nil {
				t.Fatal(err)
			}
			secret, err := again.Open(t.Context(), accounts.Stored{Binding: account.Binding(), Sealed: *account.Secret})
			if err != nil || secret.Reveal() != "hush "+account.ID {
				t.Errorf("%s reads %q, %v", account.ID, secret.Reveal(), err)
			}
		}
	}
	for after := range count {
		ctx, die := context.WithCancel(t.Context())
		n, err := ring.Rotate(ctx, &dying{Store: store, left: after, die: die})
		if err == nil || n != int64(after) {
			t.Errorf("rotated %d secrets, %v; want it cut short after %d", n, err, after)
		}
		wantAllReadable()
	}
	for range 2 {
		if n, err := ring.Rotate(t.Context(), store); err != nil || n != count {
			t.Errorf("rotated %d secrets, %v", n, err)
		}
	}
	wantAllReadable()
	used, err := store.KeyIDs(t.Context())
	if err != nil || len(used) != 1 || !strings.HasPrefix(used[0], "keyset/") {
		t.Errorf("in use: %q, %v", used, err)
	}
}
