package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts/app"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// secretOf returns the secret access key that discovery gets.
func (s *service) secretOf(t *testing.T, name string) string {
	t.Helper()
	return s.signIn(t, name).GetAws().GetAccessKey().GetSecretAccessKey()
}

// wantUnreadable requests credentials whose secret can't be decrypted.
func (s *service) wantUnreadable(t *testing.T, name string) {
	t.Helper()
	_, err := s.connections.GetCredentials(t.Context(), &accountsv1.GetCredentialsRequest{Account: name})
	if r := wantRefusal(t, err, codes.FailedPrecondition, "SECRET_UNREADABLE"); r.metadata["name"] != name {
		t.Errorf("about %v", r.metadata)
	}
}

func TestAccessKey_WriteOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	created := s.create(t, withKey("100000000001", "AKIAIOSFODNN7EXAMPLE", secretKey))
	if key := created.GetAws().GetAccessKey(); key.GetAccessKeyId() != "AKIAIOSFODNN7EXAMPLE" || key.GetSecretAccessKey() != "" {
		t.Errorf("created %v", created)
	}
	if read := s.get(t, created.GetName()); !proto.Equal(read, created) {
		t.Errorf("read %v", read)
	}
	if got := s.secretOf(t, created.GetName()); got != secretKey {
		t.Errorf("discovery gets %q", got)
	}

	patch := func(keyID, secret string) *accountsv1.Account {
		account := withKey("", keyID, secret).GetAccount()
		account.Name = created.GetName()
		return account
	}
	// The same key without its secret: it stays. Another key needs its own.
	kept, err := s.update(t, patch("AKIAIOSFODNN7EXAMPLE", ""), "aws.access_key")
	if err != nil || kept.GetEtag() != created.GetEtag() || s.secretOf(t, created.GetName()) != secretKey {
		t.Errorf("kept %v, %v", kept, err)
	}
	_, err = s.update(t, patch("AKIAOTHER", ""), "aws.access_key")
	wantInvalid(t, err, "account.aws.access_key.secret_access_key")
	// The secret alone, of the same key.
	changed, err := s.update(t, patch("", "another"), "aws.access_key.secret_access_key")
	if err != nil || changed.GetEtag() == created.GetEtag() || s.secretOf(t, created.GetName()) != "another" {
		t.Errorf("changed %v, %v", changed, err)
	}
	changed, err = s.update(t, patch("AKIAOTHER", "third"))
	if err != nil || changed.GetAws().GetAccessKey().GetAccessKeyId() != "AKIAOTHER" || s.secretOf(t, created.GetName()) != "third" {
		t.Errorf("changed %v, %v", changed, err)
	}
	_, err = s.accounts.CreateAccount(t.Context(), withKey("100000000002", "AKIA", ""))
	wantInvalid(t, err, "account.aws.access_key.secret_access_key")
	_, err = s.accounts.CreateAccount(t.Context(), withKey("100000000002", "AKIA", "two words"))
	wantInvalid(t, err, "account.aws.access_key.secret_access_key")
}

// TestUpdate_StaleEtagKeepsSecret sends a new secret with an old etag.
func TestUpdate_StaleEtagKeepsSecret(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, withKey("100000000001", "AKIA", secretKey)).GetName()
	patch := withKey("", "AKIA", "another").GetAccount()
	patch.Name, patch.Etag = account, "old"
	_, err := s.update(t, patch)
	wantRefusal(t, err, codes.Aborted, "ETAG_MISMATCH")
	if got := s.secretOf(t, account); got != secretKey {
		t.Errorf("the secret became %q", got)
	}
}

// secretRows returns the number of stored secrets.
func secretRows(t *testing.T, pool *pgxpool.Pool) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM accounts.secrets`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSecrets_DeletedWithCredentials checks that a secret is deleted with its credentials.
func TestSecrets_DeletedWithCredentials(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, template)
	s, pool := startOn(t, db.URL), db.Pool(t)
	account := s.create(t, withKey("100000000001", "AKIA", secretKey)).GetName()
	s.create(t, gcp("my-project", federation(federationFile(nil))))
	if n := secretRows(t, pool); n != 2 {
		t.Errorf("%d stored secrets, want 2", n)
	}
	if _, err := s.update(t, &accountsv1.Account{Name: account, Cloud: &accountsv1.Account_Aws{Aws: &accountsv1.AwsAccount{Credentials: defaultChain}}}); err != nil {
		t.Fatal(err)
	}
	if n := secretRows(t, pool); n != 1 {
		t.Errorf("other credentials: %d stored secrets, want 1", n)
	}
	s.drop(t, "accounts/gcp-my-project")
	if n := secretRows(t, pool); n != 0 {
		t.Errorf("account deleted: %d stored secrets, want none", n)
	}
}

// TestGetCredentials_CountsFetches reads the count from the database.
func TestGetCredentials_CountsFetches(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, template)
	s, pool := startOn(t, db.URL), db.Pool(t)
	account := s.create(t, withKey("100000000001", "AKIA", secretKey)).GetName()
	const fetches = 7
	inParallel(fetches, func(int) { s.signIn(t, account) })
	s.get(t, account)
	var counted int
	if err := pool.QueryRow(t.Context(), `SELECT fetch_count FROM accounts.secrets WHERE last_fetch_time <= now()`).Scan(&counted); err != nil || counted != fetches {
		t.Errorf("counted %d (%v), want %d", counted, err, fetches)
	}
}

// TestSecrets_BoundToAccount moves ciphertexts between rows of the database, as an attacker might:
// none can be decrypted there.
func TestSecrets_BoundToAccount(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, template)
	s, pool := startOn(t, db.URL), db.Pool(t)
	first := s.create(t, withKey("100000000001", "AKIA", secretKey)).GetName()
	second := s.create(t, withKey("100000000002", "AKIA", "another")).GetName()
	third := s.create(t, withKey("100000000003", "AKIA", "third")).GetName()
	if _, err := pool.Exec(t.Context(), `
		UPDATE accounts.secrets s SET ciphertext = o.ciphertext FROM accounts.secrets o
		WHERE s.account_id <> o.account_id AND 'aws-100000000003' NOT IN (s.account_id, o.account_id)`); err != nil {
		t.Fatal(err)
	}
	s.wantUnreadable(t, first)
	s.wantUnreadable(t, second)
	if s.secretOf(t, third) != "third" {
		t.Error("another account's secret suffered")
	}
	// The same account under another cloud id.
	if _, err := pool.Exec(t.Context(), `UPDATE accounts.accounts SET cloud_id = '100000000009' WHERE id = 'aws-100000000003'`); err != nil {
		t.Fatal(err)
	}
	s.wantUnreadable(t, third)
}

// TestSecrets_NoKey runs the service without a key: secrets are refused, everything else works.
func TestSecrets_NoKey(t *testing.T) {
	t.Parallel()
	s := startWith(t, dbtest.New(t, template).URL, func(c *app.Config) { c.KeysetFile = "" })
	_, err := s.accounts.CreateAccount(t.Context(), withKey("100000000001", "AKIA", secretKey))
	if r := wantRefusal(t, err, codes.FailedPrecondition, "NO_KEY"); !strings.Contains(r.message, "ROLLCALL_KEYSET_FILE") {
		t.Error(r.message)
	}
	s.create(t, aws("100000000001"))
	_, err = s.keys.RotateKeys(t.Context(), &accountsv1.RotateKeysRequest{})
	wantRefusal(t, err, codes.FailedPrecondition, "NO_KEY")
}

// TestSecrets_LostKeyset restarts the service after its keyset was lost, and again with another
// keyset at the same path.
func TestSecrets_LostKeyset(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, template)
	file := filepath.Join(t.TempDir(), "keyset.json")
	withFile := func(c *app.Config) { c.KeysetFile = file }
	s := startWith(t, db.URL, withFile)
	account := s.create(t, withKey("100000000001", "AKIA", secretKey)).GetName()
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}

	// The running service reads on, and takes nothing that it could not read
	// after a restart.
	if s.secretOf(t, account) != secretKey {
		t.Error("the secret can't be read")
	}
	_, err := s.accounts.CreateAccount(t.Context(), withKey("100000000002", "AKIA", "another"))
	wantRefusal(t, err, codes.Unavailable, "KEY_UNAVAILABLE")
	config := s.config
	if _, err := app.New(t.Context(), config); err == nil || !strings.Contains(err.Error(), "restore the file") {
		t.Errorf("started without the keyset: %v", err)
	}

	other := startWith(t, dbtest.New(t, template).URL, func(c *app.Config) { c.KeysetFile = file })
	other.create(t, withKey("100000000001", "AKIA", "made-a-keyset"))
	replaced := startWith(t, db.URL, withFile)
	replaced.wantUnreadable(t, account)
	patch := withKey("", "AKIA", "stated-again").GetAccount()
	patch.Name = account
	if _, err := replaced.update(t, patch); err != nil || replaced.secretOf(t, account) != "stated-again" {
		t.Errorf("stated again: %v", err)
	}
}
