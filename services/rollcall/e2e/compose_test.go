package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// deploy is the folder of compose.yaml.
var deploy = filepath.Join("..", "..", "..", "deploy")

// ours are the services of compose.yaml that are Rollcall's programs, in the order of their start.
var ours = []string{"cloudsim", "accounts", "inventory", "discovery", "gateway"}

// TestCompose_Services runs each service as its own process, as in deploy/compose.yaml, and adds
// accounts.
func TestCompose_Services(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	c.assignAddrs(t)
	c.createDatabase(t)
	processes := map[string]*process{}
	for _, name := range ours {
		cmd := exec.Command(program(t, name))
		cmd.Env = environment(t.TempDir(), c.env(t, name))
		processes[name] = start(t, cmd)
	}
	http := c.addr("gateway:8080")
	for name, addr := range c.healthAddrs(t) {
		await(t, name+" is healthy", func() error { return healthy(t.Context(), addr) })
	}
	addAccount(t, http)
	c.addProject(t, http)
	for _, addr := range []string{"accounts:9291", "inventory:9292", "discovery:9293"} {
		if metrics := body(t, "GET", c.addr(addr), "/metrics", ""); !strings.Contains(metrics, "process_open_fds") {
			t.Errorf("no metrics at %s:\n%s", addr, metrics)
		}
	}
	c.checkApart(t)
	for _, name := range slices.Backward(ours) {
		processes[name].signal(t, syscall.SIGTERM)
		if code := processes[name].wait(t); code != 0 {
			t.Errorf("%s: exit code %d after SIGTERM:\n%s", name, code, processes[name].output)
		}
	}
}

// addAccount adds an account through the gateway and waits for its instances.
func addAccount(t *testing.T, addr string) {
	t.Helper()
	await(t, "readyz", func() error {
		code, err := get(t.Context(), addr, "/readyz", nil)
		if err == nil && code != http.StatusOK {
			err = fmt.Errorf("status %d", code)
		}
		return err
	})
	var created account
	code, err := post(t.Context(), addr, "/v1/accounts", `{"displayName": "payments", "aws": {"accountId": "100000000001",
		"assumeRole": {"roleArn": "arn:aws:iam::100000000001:role/rollcall", "externalId": "rollcall-demo"}}}`, &created)
	if err != nil || code != http.StatusOK || created.Name != "accounts/aws-100000000001" {
		t.Fatalf("POST /v1/accounts: %d, %v, %+v", code, err, created)
	}
	connected(t, addr, 1)
	all := mustInstances(t, addr, `account = "accounts/aws-100000000001" AND location.region = "eu-central-1"`)
	if len(all) < 30 {
		t.Errorf("%d instances in eu-central-1, want about 41", len(all))
	}
}

// addProject adds a Google Cloud project of the demo with the key that cloudsim serves.
func (c *compose) addProject(t *testing.T, addr string) {
	t.Helper()
	const project = "data-analytics-prod"
	var key json.RawMessage
	if code, err := get(t.Context(), c.addr("cloudsim:4567"), "/keys/"+project, &key); err != nil || code != http.StatusOK {
		t.Fatalf("cloudsim's key of %s: %d, %v", project, code, err)
	}
	request, err := json.Marshal(map[string]any{"gcp": map[string]any{"projectId": project, "serviceAccountKey": map[string]string{"json": string(key)}}})
	if err != nil {
		t.Fatal(err)
	}
	if answer := body(t, http.MethodPost, addr, "/v1/accounts", string(request)); !strings.Contains(answer, `"name":"accounts/gcp-`+project+`"`) {
		t.Fatalf("POST /v1/accounts: %s", answer)
	}
	connected(t, addr, 2)
	if all := mustInstances(t, addr, "provider = GCP"); len(all) < 70 {
		t.Errorf("%d instances of the project", len(all))
	}
}

// healthy checks the health of a service, as the probe of the image does.
func healthy(ctx context.Context, addr string) error {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	if err == nil && answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		err = fmt.Errorf("status %s", answer.GetStatus())
	}
	return err
}

// checkApart checks that the role of a service can't read the tables of another, and that the
// internal ports authenticate their callers.
func (c *compose) checkApart(t *testing.T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.env(t, "inventory")["ROLLCALL_DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), `SELECT FROM instances`); err != nil {
		t.Errorf("inventory can't read its own table: %v", err)
	}
	if _, err := conn.Exec(t.Context(), `SELECT FROM accounts.accounts`); err == nil || !strings.Contains(err.Error(), "42501") {
		t.Errorf("inventory reads the accounts' table: %v", err)
	}
	for addr, call := range map[string]func(grpc.ClientConnInterface) error{
		c.addr("accounts:9191"): func(conn grpc.ClientConnInterface) error {
			_, err := accountsv1.NewConnectionServiceClient(conn).GetCredentials(t.Context(), &accountsv1.GetCredentialsRequest{Account: "accounts/aws-100000000001"})
			return err
		},
		c.addr("inventory:9192"): func(conn grpc.ClientConnInterface) error {
			_, err := inventoryv1.NewIngestServiceClient(conn).RemoveAccount(t.Context(), &inventoryv1.RemoveAccountRequest{
				Account: "accounts/aws-100000000001", FencingToken: 1 << 40,
			})
			return err
		},
	} {
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		if err := call(conn); status.Code(err) != codes.Unauthenticated {
			t.Errorf("internal call without a key: %v", err)
		}
		conn.Close()
	}
}

// createDatabase runs the init.sql of compose on a Postgres server of the test.
func (c *compose) createDatabase(t *testing.T) {
	t.Helper()
	adminURL := dbtest.NewServer(t).New(t, dbtest.Template{}).AdminURL
	admin, err := url.Parse(adminURL)
	if err != nil {
		t.Fatal(err)
	}
	c.addrs["postgres:5432"] = admin.Host
	execute(t, adminURL, `CREATE DATABASE rollcall`)
	admin.Path = "/rollcall"
	execute(t, admin.String(), c.initSQL(t))
}

func execute(t *testing.T, address, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
}

// initSQL returns init.sql as psql sends it: \getenv reads a variable of the container, and :'name'
// is its value.
func (c *compose) initSQL(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(deploy, "postgres", "init.sql"))
	if err != nil {
		t.Fatal(err)
	}
	env := c.env(t, "postgres")
	sql := string(content)
	getenv := regexp.MustCompile(`(?m)^\\getenv (\w+) (\w+)$`)
	for _, m := range getenv.FindAllStringSubmatch(sql, -1) {
		value, ok := env[m[2]]
		if !ok {
			t.Errorf("init.sql reads %s, which compose does not set for postgres", m[2])
		}
		sql = strings.ReplaceAll(sql, ":'"+m[1]+"'", "'"+strings.ReplaceAll(value, "'", "''")+"'")
	}
	return getenv.ReplaceAllString(sql, "")
}

// cloudVariable matches the variables of the clouds' own libraries and tools.
var cloudVariable = regexp.MustCompile(`^(AWS|GOOGLE|CLOUDSDK)_`)

// TestCompose_MatchesPrograms compares compose.yaml with the folders of the programs and the
// variables that they read.
func TestCompose_MatchesPrograms(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	var built []string
	for name, s := range c.Services {
		if s.Build.Dockerfile == "" {
			continue
		}
		built = append(built, name)
		if s.Build.Args["PROGRAM"] != name || filepath.Join(deploy, s.Build.Context, s.Build.Dockerfile) != filepath.Join(deploy, "Dockerfile") {
			t.Errorf("%s is built from %+v", name, s.Build)
		}
		help, err := exec.CommandContext(t.Context(), program(t, name), "--help").CombinedOutput()
		if err != nil {
			t.Fatalf("%s --help: %v\n%s", name, err, help)
		}
		for variable := range s.Environment {
			if !cloudVariable.MatchString(variable) && !strings.Contains(string(help), "$"+variable) {
				t.Errorf("compose sets %s for %s, which does not read it", variable, name)
			}
		}
	}
	slices.Sort(built)
	if want := slices.Sorted(slices.Values(ours)); !slices.Equal(built, want) {
		t.Errorf("compose builds %v, want %v", built, want)
	}
	for _, name := range []string{"POSTGRES_PASSWORD", "ROLLCALL_DISCOVERY_KEY"} {
		if c.secrets[name] == "" || c.secrets[name] == readCompose(t).secrets[name] {
			t.Errorf("make-secrets printed %s=%q twice", name, c.secrets[name])
		}
	}
}
