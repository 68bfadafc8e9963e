package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/accounts/app"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// tape records the output of the service. It is safe for concurrent use.
type tape struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *tape) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *tape) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// record records every response and every error of a connection, in all forms.
func (r *tape) record(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption) error {
	err := call(ctx, method, req, reply, conn, options...)
	var out proto.Message = status.Convert(err).Proto()
	if err == nil {
		out, _ = reply.(proto.Message)
	}
	_, _ = fmt.Fprintf(r, "%s %v\n%s\n%s\n", method, err, prototext.Format(out), protojson.Format(out))
	return err
}

// forms returns the forms in which a secret may appear: plain, in JSON, as bytes of Postgres, in
// base64, and a line of it.
func forms(secret string) []string {
	quoted := strings.ReplaceAll(secret, "\n", `\n`)
	all := []string{secret, quoted, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))}
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); len(line) >= 12 && !strings.HasPrefix(line, "-----") {
			all = append(all, line, hex.EncodeToString([]byte(line)))
		}
	}
	return all
}

// wantNone searches a text for every secret.
func wantNone(t *testing.T, where, text string, secrets map[string]string) {
	t.Helper()
	if text == "" {
		t.Errorf("%s: nothing was recorded", where)
	}
	for name, secret := range secrets {
		for _, form := range forms(secret) {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("%s shows %s: …%s…", where, name, text[max(0, at-60):at])
				break
			}
		}
	}
}

// dump returns the whole database as text, by pg_dump if it is installed, and row by row.
func dump(t *testing.T, db *dbtest.DB) string {
	t.Helper()
	pool := db.Pool(t)
	var all strings.Builder
	rows, err := pool.Query(t.Context(), `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, table)
	}
	if rows.Err() != nil || len(tables) < 3 {
		t.Fatalf("tables %q, %v", tables, rows.Err())
	}
	for _, table := range tables {
		var text string
		if err := pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(t::text, E'\n'), '') FROM `+table+` t`).Scan(&text); err != nil {
			t.Fatal(err)
		}
		all.WriteString(table + "\n" + text + "\n")
	}
	programs, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	if inPath, err := exec.LookPath("pg_dump"); err == nil {
		programs = append(programs, inPath)
	}
	for _, program := range programs {
		// One of an older version than the server's refuses.
		if out, err := exec.CommandContext(t.Context(), program, "--dbname", db.AdminURL).Output(); err == nil {
			t.Logf("dumped by %s: %d bytes", program, len(out))
			all.Write(out)
			break
		}
	}
	return all.String()
}

// TestSecrets_NeverLeak uses secrets of all kinds, in valid and invalid requests, and searches the
// debug log, every response and error, and the whole database for them.
func TestSecrets_NeverLeak(t *testing.T) {
	t.Parallel()
	var log, answers tape
	db := dbtest.New(t, template)
	s := startWith(t, db.URL, func(c *app.Config) {
		c.Logging = serve.Logging{Level: slog.LevelDebug, Format: "json", Out: &log}
	})
	conn := dial(t, s.config.GRPC, grpc.WithChainUnaryInterceptor(answers.record))
	s.accounts, s.keys = accountsv1.NewAccountServiceClient(conn), accountsv1.NewKeyServiceClient(conn)

	secrets := map[string]string{
		"the secret access key": secretKey, "another access key": "anotherACCESSkeyTESTSECRET/+x", "the private key": privateKey(),
		"the client secret": "federationTESTSECRET", "a refused key": "refused ACCESS key TESTSECRET",
		"a project that is named wrongly": "unspeakable-project-9", "a foreign host": "unspeakable.example", "a command": "/bin/unspeakable",
	}
	useSecrets(t, s, secrets)
	keyset, err := os.ReadFile(s.config.KeysetFile)
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(keyset), `"value":`) {
		if value, _, ok := strings.Cut(strings.TrimPrefix(part, `"`), `"`); ok && len(value) > 30 {
			secrets["a key of the keyset"] = value
		}
	}
	if secrets["a key of the keyset"] == "" {
		t.Fatal("found no key in the keyset")
	}
	wantNone(t, "the log", log.String(), secrets)
	wantNone(t, "an answer", answers.String(), secrets)
	wantNone(t, "the database", dump(t, db), secrets)
	if !strings.Contains(log.String(), `"secret fetched"`) {
		t.Error("the fetches were not logged")
	}
}

// useSecrets makes every call that has to do with secrets. Errors are expected.
func useSecrets(t *testing.T, s *service, secrets map[string]string) {
	t.Helper()
	account := s.create(t, withKey("100000000001", "AKIA", secrets["the secret access key"])).GetName()
	project := s.create(t, gcp("my-project", serviceAccountKey(keyFile(nil)))).GetName()
	federated := s.create(t, gcp("my-other-project", federation(federationFile(nil)))).GetName()
	chained := s.create(t, withRole("100000000002", account)).GetName()
	try := func(req *accountsv1.CreateAccountRequest) {
		if _, err := s.accounts.CreateAccount(t.Context(), req); err == nil {
			t.Errorf("took %v", req.GetAccount().GetName())
		}
	}
	try(withKey("100000000001", "AKIA", secrets["the secret access key"])) // is there already
	try(withKey("100000000003", "AKIA", secrets["a refused key"]))
	try(withKey("1", "AKIA", secrets["the secret access key"]))
	try(withKey("100000000003", secrets["a refused key"], secrets["another access key"]))
	for _, file := range []string{
		keyFile(nil)[:800], keyFile(nil) + "x", `"` + secrets["the secret access key"] + `"`, secrets["the private key"],
		keyFile(map[string]any{"project_id": secrets["a project that is named wrongly"]}),
		keyFile(map[string]any{"token_uri": "https://" + secrets["a foreign host"] + "/token"}),
		keyFile(map[string]any{"private_key": secrets["the private key"][:900]}),
		keyFile(map[string]any{"client_email": secrets["the private key"]}),
		keyFile(map[string]any{"type": secrets["the private key"]}),
		federationFile(nil),
	} {
		try(gcp("my-third-project", serviceAccountKey(file)))
	}
	for _, source := range []map[string]any{
		{"executable": map[string]any{"command": secrets["a command"]}}, {"file": secrets["a command"]},
		{"url": "https://" + secrets["a foreign host"]}, {"url": 123456789},
	} {
		try(gcp("my-third-project", federation(federationFile(map[string]any{"credential_source": source}))))
	}

	patch := withKey("", "AKIA", secrets["another access key"]).GetAccount()
	patch.Name = account
	if _, err := s.update(t, patch); err != nil {
		t.Error(err)
	}
	patch.Etag = "old"
	_, _ = s.update(t, patch)
	_, _ = s.update(t, patch, "aws.access_key.secret_access_key.x")
	_, _ = s.update(t, patchGCP(serviceAccountKey(keyFile(map[string]any{"private_key_id": "x"}))))
	s.list(t, &accountsv1.ListAccountsRequest{})
	for _, name := range []string{account, project, federated, chained} {
		s.get(t, name)
		s.signIn(t, name)
		if _, err := s.accounts.GetSetupGuide(t.Context(), &accountsv1.GetSetupGuideRequest{Name: name}); err != nil {
			t.Error(err)
		}
	}
	s.rotate(t)
	s.rotate(t)
	s.signIn(t, chained)
}
