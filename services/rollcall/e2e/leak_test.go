package e2e

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// secretSet has credentials of both clouds and the environment to reach them.
type secretSet struct {
	// accessKeyID is the id of the key in secretFile; keyFile and workloadFile are for Google
	// Cloud.
	accessKeyID, secretFile, keyFile, workloadFile string
	// needles has the secrets to search for, by name.
	needles map[string]string
	env     map[string]string
}

// TestSecrets_AppearNowhere uses each sign-in method that has a secret, and then searches for the
// secrets in all outputs, logs at debug level, responses and tables.
func TestSecrets_AppearNowhere(t *testing.T) {
	t.Parallel()
	v := newSecrets(t)
	admin := dbtest.NewServer(t).New(t, dbtest.Template{}).AdminURL
	v.env["ROLLCALL_DATABASE_URL"] = admin
	r := up(t, t.TempDir(), v.env)
	seen := map[string]string{}
	for _, args := range [][]string{
		{"accounts", "create", "aws", "200000000001", "--access-key-id", v.accessKeyID, "--secret-access-key-file", v.secretFile, "-o", "json"},
		{"accounts", "create", "gcp", "first-project", "--key-file", v.keyFile, "-o", "json"},
		{"accounts", "create", "gcp", "second-project", "--workload-identity", v.workloadFile, "-o", "yaml"},
		{"accounts", "create", "gcp", "other-project", "--key-file", v.keyFile}, // refused: a key of another project
		{"accounts", "create", "gcp", "first-project", "--workload-identity", v.keyFile},
		{"accounts", "verify", "aws-200000000001"}, {"accounts", "verify", "gcp-first-project"}, {"accounts", "verify", "gcp-second-project"},
		{"keys", "rotate"}, {"sync", "--all"}, {"runs"}, {"scopes"},
		{"accounts", "get", "gcp-first-project"}, {"accounts", "list", "-o", "yaml"},
	} {
		did := r.run(t, args...)
		seen["rollcall "+strings.Join(args, " ")] = did.out + did.stderr
	}
	connected(t, r.http, 3)
	v.askREST(t, r.http, seen)
	for _, fetched := range []string{`provider="AWS"`, `provider="GCP"`} {
		if !strings.Contains(seen["GET /metrics"], `rollcall_accounts_secret_fetches_total{outcome="OPENED",`+fetched+"} ") {
			t.Errorf("no metric counts the fetched secrets with %s", fetched)
		}
	}
	seen["the database"] = dump(t, admin)
	if !strings.Contains(seen["the database"], "first-project") {
		t.Error("the database dump lacks the accounts")
	}
	r.signal(t, os.Interrupt)
	r.wait(t)
	seen["the log"] = r.output.String()
	if !strings.Contains(seen["the log"], "level=DEBUG") {
		t.Error("nothing was logged at debug level")
	}
	for place, text := range seen {
		for name, needle := range v.needles {
			if strings.Contains(text, needle) || strings.Contains(text, hex.EncodeToString([]byte(needle))) {
				t.Errorf("%s contains %s:\n%.2000s", place, name, text)
			}
		}
	}
}

// newSecrets serves a world of both clouds until the end of the test, and writes its secrets to
// files.
func newSecrets(t *testing.T) *secretSet {
	t.Helper()
	w := cloudsim.New(cloudsim.Config{Seed: 7, Transition: cloudsim.Immediately, Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"eu-west-1"}, Plan: []simaws.AccountPlan{{ID: "200000000001", Name: "first", Instances: 2, Databases: 1}}}, simgcp.Config{Projects: []simgcp.ProjectPlan{
		{ID: "first-project", Regions: []string{"europe-west1"}, Instances: 2, Databases: 1},
		{ID: "second-project", Regions: []string{"europe-west1"}, Instances: 2, Databases: 1},
	}}}})
	amazon, err := simaws.Serve(w)
	if err != nil {
		t.Fatal(err)
	}
	google, err := simgcp.Serve(w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := amazon.Close(); err != nil {
			t.Error(err)
		}
		if err := google.Close(); err != nil {
			t.Error(err)
		}
	})
	keyJSON, err := google.KeyJSON("first-project")
	if err != nil {
		t.Fatal(err)
	}
	email := simgcp.ServiceAccountEmail("second-project", simgcp.DefaultServiceAccount)
	workload, err := google.WorkloadIdentityJSON("second-project", email)
	if err != nil {
		t.Fatal(err)
	}
	var key struct {
		PrivateKey string `json:"private_key"`
	}
	if err := json.Unmarshal(keyJSON, &key); err != nil {
		t.Fatal(err)
	}
	accessKey := amazon.Cloud.Key("200000000001")
	v := &secretSet{
		accessKeyID: accessKey.AccessKeyID,
		needles: map[string]string{
			"the access key's secret":           accessKey.Secret,
			"the service account's private key": strings.Split(key.PrivateKey, "\n")[5],
			"the workload identity's file":      google.URL + "/subject-token",
		},
		env: google.Env(),
	}
	v.env["AWS_ENDPOINT_URL"] = amazon.URL
	v.env["ROLLCALL_DEMO"], v.env["ROLLCALL_LOG_LEVEL"] = "off", "debug"
	dir := t.TempDir()
	for name, file := range map[string]struct {
		path    *string
		content []byte
	}{
		"secret": {&v.secretFile, []byte(accessKey.Secret + "\n")}, "key.json": {&v.keyFile, keyJSON}, "workload.json": {&v.workloadFile, workload},
	} {
		*file.path = filepath.Join(dir, name)
		if err := os.WriteFile(*file.path, file.content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// askREST stores the responses of REST, also to bodies with a secret in the wrong place.
func (v *secretSet) askREST(t *testing.T, addr string, seen map[string]string) {
	t.Helper()
	for _, path := range []string{
		"/v1/accounts?pageSize=1000", "/v1/accounts/gcp-first-project", "/v1/accounts/aws-200000000001:setupGuide", "/v1/syncRuns",
		"/v1/scopes?pageSize=1000", "/v1/instances?pageSize=1000", "/", "/docs", "/metrics",
	} {
		seen["GET "+path] = body(t, http.MethodGet, addr, path, "")
	}
	for name, secret := range v.needles {
		quoted := fmt.Sprintf("%q", secret)
		for _, text := range []string{
			`{"aws": {"accountId": "200000000009", "accessKey": ` + quoted + `}}`,
			`{"aws": {"accountId": "200000000009", "accessKey": {"accessKeyId": "A", "secretAccessKey": [` + quoted + `]}}}`,
			`{"gcp": {"projectId": "some-project", "serviceAccountKey": {"json": {"private_key": ` + quoted + `}}}}`,
			`{"gcp": {"projectId": "some-project", "serviceAccountKey": {"json": ` + quoted + `}}}`,
			`{"gcp": {"projectId": "some-project", "workloadIdentity": ` + quoted + `}}`,
		} {
			seen["POST of "+name+" in "+text[:60]] = body(t, http.MethodPost, addr, "/v1/accounts", text)
		}
	}
}

// body returns the headers and the body of the response to an HTTP request.
func body(t *testing.T, method, addr, path, content string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	response, err := caller.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(response.Header) + string(answer)
}

// dump returns every row of every table of Rollcall as text.
func dump(t *testing.T, address string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, table := range tables {
		rows, err := conn.Query(t.Context(), `SELECT t::text FROM `+table+` t`)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(table + "\n" + strings.Join(lines, "\n") + "\n")
	}
	return all.String()
}
