package app_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts/app"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

const kmsKey = "arn:aws:kms:eu-west-1:100000000001:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// awsKMS simulates AWS KMS with one key (KMS API Reference, Encrypt and Decrypt, in AWS JSON 1.1).
type awsKMS struct {
	cipher cipher.AEAD
	// mode is how it answers: up, away (it hangs up) or denied.
	mode atomic.Value
}

func startKMS(t *testing.T) *awsKMS {
	t.Helper()
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	k := &awsKMS{cipher: gcm}
	k.mode.Store("up")
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_KMS": server.URL, "AWS_ACCESS_KEY_ID": "AKIAKMS", "AWS_SECRET_ACCESS_KEY": "kmsTESTSECRET",
		"AWS_MAX_ATTEMPTS": "1", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	return k
}

func (k *awsKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if k.mode.Load() == "away" {
		panic(http.ErrAbortHandler)
	}
	var in struct {
		KeyID                     string `json:"KeyId"`
		Plaintext, CiphertextBlob []byte
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	refuse := func(kind string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": "no"})
	}
	switch err := json.NewDecoder(r.Body).Decode(&in); {
	case k.mode.Load() == "denied":
		refuse("AccessDeniedException")
	case err != nil || in.KeyID != kmsKey || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIAKMS/"):
		refuse("ValidationException")
	case r.Header.Get("X-Amz-Target") == "TrentService.Encrypt":
		nonce := make([]byte, k.cipher.NonceSize())
		_, _ = rand.Read(nonce)
		_ = json.NewEncoder(w).Encode(map[string]any{"KeyId": kmsKey, "CiphertextBlob": k.cipher.Seal(nonce, nonce, in.Plaintext, nil)})
	default:
		size := k.cipher.NonceSize()
		if len(in.CiphertextBlob) < size {
			refuse("InvalidCiphertextException")
			return
		}
		plaintext, err := k.cipher.Open(nil, in.CiphertextBlob[:size], in.CiphertextBlob[size:], nil)
		if err != nil {
			refuse("InvalidCiphertextException")
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"KeyId": kmsKey, "Plaintext": plaintext})
	}
}

// withKMS returns a configuration with the key of the KMS only.
func withKMS(c *app.Config) { c.KeysetFile, c.KMSKeyURIs = "", []string{"aws-kms://" + kmsKey} }

// TestKMS_Outage starts the service without its KMS, which answers later, stops and answers again.
func TestKMS_Outage(t *testing.T) {
	kms := startKMS(t)
	kms.mode.Store("away")
	db := dbtest.New(t, template)
	s, pool := startWith(t, db.URL, withKMS), db.Pool(t)
	wantAway := func(err error) {
		t.Helper()
		if r := wantRefusal(t, err, codes.Unavailable, "KEY_UNAVAILABLE"); r.metadata["key"] != "aws-kms://"+kmsKey {
			t.Errorf("about %v", r.metadata)
		}
	}
	create := func() error {
		_, err := s.accounts.CreateAccount(t.Context(), withKey("100000000001", "AKIA", secretKey))
		return err
	}
	fetch := func() error {
		_, err := s.connections.GetCredentials(t.Context(), &accountsv1.GetCredentialsRequest{Account: "accounts/aws-100000000001"})
		return err
	}
	rotate := func() error {
		_, err := s.keys.RotateKeys(t.Context(), &accountsv1.RotateKeysRequest{})
		return err
	}

	wantAway(create())
	if s.list(t, &accountsv1.ListAccountsRequest{}).GetTotalSize() != 0 || secretRows(t, pool) != 0 {
		t.Error("something was stored")
	}
	s.create(t, aws("100000000002")) // needs no key

	kms.mode.Store("up")
	if err := create(); err != nil {
		t.Fatalf("once it is there: %v", err)
	}
	account := s.get(t, "accounts/aws-100000000001")
	if s.secretOf(t, account.GetName()) != secretKey {
		t.Error("discovery gets another secret")
	}

	for _, mode := range []string{"away", "denied"} {
		kms.mode.Store(mode)
		wantAway(fetch())
		wantAway(rotate())
		patch := withKey("", "AKIA", "another").GetAccount()
		patch.Name = account.GetName()
		_, err := s.update(t, patch)
		wantAway(err)
		if read := s.get(t, account.GetName()); !proto.Equal(read, account) {
			t.Errorf("%s: became %v", mode, read)
		}
		s.signIn(t, "accounts/aws-100000000002")
	}
	patch := &accountsv1.Account{Name: account.GetName(), DisplayName: "renamed"}
	if _, err := s.update(t, patch, "display_name"); err != nil {
		t.Errorf("without a secret: %v", err)
	}

	kms.mode.Store("up")
	if s.secretOf(t, account.GetName()) != secretKey || s.rotate(t) != 1 || s.secretOf(t, account.GetName()) != secretKey {
		t.Error("not as before once it is back")
	}
	// The KMS knows the data key, and not the secret's.
	if _, err := pool.Exec(t.Context(), `UPDATE accounts.secrets SET ciphertext = overlay(ciphertext placing '\xffff' from 20)`); err != nil {
		t.Fatal(err)
	}
	s.wantUnreadable(t, account.GetName())
}

// TestRotate_FromKeysetToKMS rotates from a local keyset to a KMS.
func TestRotate_FromKeysetToKMS(t *testing.T) {
	startKMS(t)
	db := dbtest.New(t, template)
	file := filepath.Join(t.TempDir(), "keyset.json")
	local := startWith(t, db.URL, func(c *app.Config) { c.KeysetFile = file })
	account := local.create(t, withKey("100000000001", "AKIA", secretKey)).GetName()

	both := startWith(t, db.URL, func(c *app.Config) { withKMS(c); c.KeysetFile = file })
	if both.secretOf(t, account) != secretKey || both.rotate(t) != 1 || both.secretOf(t, account) != secretKey {
		t.Error("the secret did not survive the move")
	}
	if alone := startWith(t, db.URL, withKMS); alone.secretOf(t, account) != secretKey {
		t.Error("the KMS alone does not open it")
	}
}

func TestKMS_InvalidKeyURIs(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, template)
	for _, uri := range []string{
		"aws-kms://arn:aws:kms:eu-west-1:100000000001:alias/rollcall", "aws-kms://1234", "gcp-kms://projects/p", "vault://x", "arn:aws:kms:eu-west-1:100000000001:key/1",
	} {
		config := app.Config{
			DatabaseURL: db.URL, GRPC: serve.Pipe(), Internal: serve.Pipe(), DiscoveryKey: auth.NewKey(),
			KMSKeyURIs: []string{uri}, Logging: serve.Logging{Out: io.Discard},
		}
		if _, err := app.New(t.Context(), config); err == nil || !strings.Contains(err.Error(), "ROLLCALL_KMS_KEY_URI") {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
