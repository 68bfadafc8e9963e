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

// ours are the services of compose.yaml that are our programs, in the order of their start.
var ours = []string{"cloudsim", "accounts", "inventory", "discovery", "gateway"}

// TestServicesApart does the main job with each service as a process of its own, as deploy/compose.yaml has them.
func TestServicesApart(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	c.place(t)
	c.createDatabase(t)
	processes := map[string]*process{}
	for _, name := range ours {
		cmd := exec.Command(program(t, name))
		cmd.Env = environment(t.TempDir(), c.env(t, name))
		processes[name] = start(t, cmd)
	}
	http := c.at("gateway:8080")
	for name, addr := range c.healthAddrs(t) {
		await(t, name+" is healthy", func() error { return healthy(t.Context(), addr) })
	}
	mainJob(t, http)
	c.projectJob(t, http)
	for _, addr := range []string{"accounts:9291", "inventory:9292", "discovery:9293"} {
		if metrics := body(t, "GET", c.at(addr), "/metrics", ""); !strings.Contains(metrics, "process_open_fds") {
			t.Errorf("%s shows no metrics:\n%s", addr, metrics)
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

// mainJob puts an account on the roll through the gateway and waits for its instances.
func mainJob(t *testing.T, addr string) {
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
		t.Errorf("%d instances in eu-central-1, want some 41", len(all))
	}
}

// projectJob puts a Google Cloud project of the demo on the roll, with the key that cloudsim hands out.
func (c *compose) projectJob(t *testing.T, addr string) {
	t.Helper()
	const project = "data-analytics-prod"
	var key json.RawMessage
	if code, err := get(t.Context(), c.at("cloudsim:4567"), "/keys/"+project, &key); err != nil || code != http.StatusOK {
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

// healthy asks a service for its health, as the probe of the image does.
func healthy(ctx context.Context, addr string) error {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	if err == nil && answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		err = fmt.Errorf("it is %s", answer.GetStatus())
	}
	return err
}

// checkApart makes sure that no service's role reads another's tables, and that the internal ports ask who calls.
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
		c.at("accounts:9191"): func(conn grpc.ClientConnInterface) error {
			_, err := accountsv1.NewConnectionServiceClient(conn).GetCredentials(t.Context(), &accountsv1.GetCredentialsRequest{Account: "accounts/aws-100000000001"})
			return err
		},
		c.at("inventory:9192"): func(conn grpc.ClientConnInterface) error {
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
			t.Errorf("an internal call without a key: %v", err)
		}
		conn.Close()
	}
}

// createDatabase runs compose's own init.sql on a server of the test's own.
func (c *compose) createDatabase(t *testing.T) {
	t.Helper()
	adminURL := dbtest.NewServer(t).New(t, dbtest.Template{}).AdminURL
	admin, err := url.Parse(adminURL)
	if err != nil {
		t.Fatal(err)
	}
	c.places["postgres:5432"] = admin.Host
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

// initSQL is init.sql as psql would send it: \getenv takes a variable of the container, and :'name' stands for its value.
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
			t.Errorf("init.sql wants %s, which compose does not give to postgres", m[2])
		}
		sql = strings.ReplaceAll(sql, ":'"+m[1]+"'", "'"+strings.ReplaceAll(value, "'", "''")+"'")
	}
	return getenv.ReplaceAllString(sql, "")
}

// ofACloud matches the variables that the clouds' own libraries read, or that are theirs by origin.
var ofACloud = regexp.MustCompile(`^(AWS|GOOGLE|CLOUDSDK)_`)

// TestComposeNamesWhatIsThere holds compose.yaml against the programs: their folders, and the variables that they read.
func TestComposeNamesWhatIsThere(t *testing.T) {
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
			if !ofACloud.MatchString(variable) && !strings.Contains(string(help), "$"+variable) {
				t.Errorf("compose gives %s to %s, which does not read it", variable, name)
			}
		}
	}
	slices.Sort(built)
	if want := slices.Sorted(slices.Values(ours)); !slices.Equal(built, want) {
		t.Errorf("compose builds %v, want %v", built, want)
	}
	for _, name := range []string{"POSTGRES_PASSWORD", "ROLLCALL_DISCOVERY_KEY"} {
		if c.secrets[name] == "" || c.secrets[name] == readCompose(t).secrets[name] {
			t.Errorf("make-secrets gives %s=%q each time", name, c.secrets[name])
		}
	}
}
