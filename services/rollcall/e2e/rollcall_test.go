package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// rollcall is a running `rollcall up`.
type rollcall struct {
	*process
	dataDir string
	// http and grpc are its addresses.
	http, grpc string
}

// free has addresses whose ports the system chooses.
var free = map[string]string{"ROLLCALL_HTTP_ADDR": "127.0.0.1:0", "ROLLCALL_GRPC_ADDR": "127.0.0.1:0"}

// launch starts `rollcall up` on free ports without waiting for it.
func launch(t *testing.T, dataDir string, env map[string]string, flags ...string) *rollcall {
	t.Helper()
	all := maps.Clone(free)
	all["ROLLCALL_DATA_DIR"] = dataDir
	maps.Copy(all, env)
	cmd := exec.Command(program(t, "rollcall"), append([]string{"up"}, flags...)...)
	cmd.Env = environment(t.TempDir(), all)
	return &rollcall{process: start(t, cmd), dataDir: dataDir}
}

// up starts `rollcall up` and waits for the end of the first sync.
func up(t *testing.T, dataDir string, env map[string]string) *rollcall {
	t.Helper()
	r := launch(t, dataDir, env)
	r.ready(t)
	return r
}

var (
	consoleLine = regexp.MustCompile(`(?m)^  console +http://(\S+)/$`)
	grpcLine    = regexp.MustCompile(`(?m)^  gRPC +(\S+)$`)
)

// ready waits for the end of the first sync and reads the addresses from the output.
func (r *rollcall) ready(t *testing.T) {
	t.Helper()
	output := r.awaitOutput(t, "Ctrl-C stops Rollcall")
	r.http, r.grpc = match(t, consoleLine, output), match(t, grpcLine, output)
}

func match(t *testing.T, pattern *regexp.Regexp, text string) string {
	t.Helper()
	m := pattern.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in:\n%s", pattern, text)
	}
	return m[1]
}

// postmaster returns the process id of its Postgres.
func (r *rollcall) postmaster(t *testing.T) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(r.dataDir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// stop stops it like Ctrl-C, and checks that it succeeds and that Postgres has stopped too.
func (r *rollcall) stop(t *testing.T) {
	t.Helper()
	postgres := r.postmaster(t)
	r.signal(t, os.Interrupt)
	if code := r.wait(t); code != 0 {
		t.Errorf("exit code %d after Ctrl-C:\n%s", code, r.output)
	}
	if alive(postgres) {
		t.Errorf("Postgres (pid %d) is still running", postgres)
	}
	if !strings.Contains(r.output.String(), "Stopped.") {
		t.Errorf("the output lacks \"Stopped.\":\n%s", r.output)
	}
}

// get reads a REST resource into answer and returns the HTTP status.
func get(ctx context.Context, addr, path string, answer any) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return 0, err
	}
	return do(request, answer)
}

// post sends a REST request with a JSON body.
func post(ctx context.Context, addr, path, body string, answer any) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	return do(request, answer)
}

// caller keeps no connections open, so that a stopping server need not wait for them.
var caller = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func do(request *http.Request, answer any) (int, error) {
	response, err := caller.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || answer == nil {
		return response.StatusCode, err
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return response.StatusCode, fmt.Errorf("%s: %w: %s", request.URL, err, body)
	}
	return response.StatusCode, nil
}

// account has the fields of an account that the tests use.
type account struct {
	Name, DisplayName string
	Labels            map[string]string
	Aws               struct{ AccountID string }
	Connection        struct{ Status, Reason, LastError, Remedy string }
}

// accounts lists the accounts over REST.
func accounts(ctx context.Context, addr string) ([]account, error) {
	var answer struct{ Accounts []account }
	code, err := get(ctx, addr, "/v1/accounts?pageSize=1000", &answer)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("status %d", code)
	}
	return answer.Accounts, err
}

// connected waits until there are want accounts, all CONNECTED.
func connected(t *testing.T, addr string, want int) []account {
	t.Helper()
	var last []account
	await(t, "accounts connect", func() (err error) {
		if last, err = accounts(t.Context(), addr); err != nil {
			return err
		}
		if len(last) != want {
			return fmt.Errorf("%d accounts, want %d", len(last), want)
		}
		for _, a := range last {
			if a.Connection.Status != "CONNECTED" {
				return fmt.Errorf("%s is %+v", a.Name, a.Connection)
			}
		}
		return nil
	})
	return last
}

// instance has the fields of an instance that the tests use.
type instance struct {
	Name, Account, ProviderID, DisplayName, State, FirstSeenTime string
}

// instances lists all instances that match a filter over REST.
func instances(ctx context.Context, addr, filter string) ([]instance, error) {
	var all []instance
	for token := ""; ; {
		var page struct {
			Instances     []instance
			NextPageToken string
		}
		query := url.Values{"pageSize": {"1000"}, "pageToken": {token}, "filter": {filter}}
		code, err := get(ctx, addr, "/v1/instances?"+query.Encode(), &page)
		if err == nil && code != http.StatusOK {
			err = fmt.Errorf("status %d", code)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, page.Instances...)
		if token = page.NextPageToken; token == "" {
			return all, nil
		}
	}
}

func mustInstances(t *testing.T, addr, filter string) []instance {
	t.Helper()
	all, err := instances(t.Context(), addr, filter)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// client is the result of a command of the client.
type client struct {
	code        int
	out, stderr string
}

// run runs a command of the client.
func (r *rollcall) run(t *testing.T, args ...string) client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, "rollcall"), args...)
	cmd.Env = environment(t.TempDir(), map[string]string{"ROLLCALL_GRPC_ADDR": r.grpc})
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return client{cmd.ProcessState.ExitCode(), out.String(), stderr.String()}
}

// asNobody makes a command run as the user nobody, who gets the given folders.
func asNobody(t *testing.T, cmd *exec.Cmd, dirs ...string) {
	t.Helper()
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	for _, dir := range dirs {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // the folder of the test is closed to others
			t.Fatal(err)
		}
	}
}
