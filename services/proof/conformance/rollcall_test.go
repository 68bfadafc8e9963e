package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/servetest"
)

// rollcall is a running `rollcall up`, used through REST.
type rollcall struct{ url string }

// output collects what a program prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// start runs a program until the test ends, and logs its output if the test fails.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // the exit status does not matter
		if t.Failed() {
			out.mu.Lock()
			defer out.mu.Unlock()
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), out.b.String())
		}
	})
}

// startRollcall builds and starts Rollcall with m as its cloud.
func startRollcall(t *testing.T, m *moto) *rollcall {
	t.Helper()
	program := filepath.Join(t.TempDir(), "rollcall")
	build := exec.Command("go", "build", "-o", program, "github.com/rollcall-dev/rollcall/services/rollcall/cmd/rollcall")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build rollcall: %v\n%s", err, text)
	}
	addr := servetest.Address(t)
	cmd := exec.Command(program, "up")
	cmd.Env = append(os.Environ(),
		"ROLLCALL_DATA_DIR="+t.TempDir(), "ROLLCALL_HTTP_ADDR="+addr, "ROLLCALL_GRPC_ADDR="+servetest.Address(t),
		"ROLLCALL_SYNC_INTERVAL=24h", "AWS_ENDPOINT_URL="+m.url, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=example")
	start(t, cmd)
	r := &rollcall{url: "http://" + addr}
	eventually(t, "rollcall is ready", func(ctx context.Context) error { return r.do(ctx, http.MethodGet, "/readyz", nil, nil) })
	return r
}

// do makes one call and decodes the JSON response. Any status but 2xx is an error.
func (r *rollcall) do(ctx context.Context, method, path string, body, answer any) error {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.url+path, payload)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// instance has the fields of an instance that the tests read.
type instance struct {
	Name, Account, Kind, ProviderID, ProviderURI, DisplayName, State, ProviderState, MachineType string
	Location                                                                                     struct{ Region, Zone string }
	Labels                                                                                       map[string]string
	PrivateIPs                                                                                   []string
	Database                                                                                     struct {
		Engine           string
		HighAvailability bool
		StorageGib       string
	}
}

// instances returns the instances that match a filter, by provider id.
func (r *rollcall) instances(t *testing.T, filter string) map[string]instance {
	t.Helper()
	found := map[string]instance{}
	for token := ""; ; {
		var page struct {
			Instances     []instance
			NextPageToken string
			Unreachable   []string
		}
		query := url.Values{"filter": {filter}, "pageToken": {token}, "pageSize": {"5"}}
		if err := r.do(t.Context(), http.MethodGet, "/v1/instances?"+query.Encode(), nil, &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Unreachable) > 0 {
			t.Fatalf("the response is incomplete for %v", page.Unreachable)
		}
		for _, i := range page.Instances {
			if _, twice := found[i.ProviderID]; twice {
				t.Errorf("%s is listed twice", i.ProviderID)
			}
			found[i.ProviderID] = i
		}
		if token = page.NextPageToken; token == "" {
			return found
		}
	}
}

// sync syncs the account and waits until the sync has succeeded.
func (r *rollcall) sync(t *testing.T, account string) {
	t.Helper()
	var run struct{ Name, State, Error string }
	if err := r.do(t.Context(), http.MethodPost, "/v1/accounts/"+account+":sync", struct{}{}, &run); err != nil {
		t.Fatal(err)
	}
	name := run.Name
	eventually(t, name+" ends", func(ctx context.Context) error {
		if err := r.do(ctx, http.MethodGet, "/v1/"+name, nil, &run); err != nil {
			return err
		}
		if run.State == "QUEUED" || run.State == "RUNNING" {
			return fmt.Errorf("it is %s", run.State)
		}
		return nil
	})
	if run.State != "SUCCEEDED" {
		t.Fatalf("%s of %s ended %s: %s", name, account, run.State, run.Error)
	}
}

// awaitConnected waits until the account has been synced for the first time.
func (r *rollcall) awaitConnected(t *testing.T, account string) {
	t.Helper()
	eventually(t, account+" is CONNECTED", func(ctx context.Context) error {
		var a struct {
			Connection struct{ Status, LastError string }
		}
		if err := r.do(ctx, http.MethodGet, "/v1/accounts/"+account, nil, &a); err != nil {
			return err
		}
		if a.Connection.Status != "CONNECTED" {
			return fmt.Errorf("it is %s: %s", a.Connection.Status, a.Connection.LastError)
		}
		return nil
	})
}
