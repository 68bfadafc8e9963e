package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	stdsync "sync"
	"syscall"
	"testing"
	"time"

	accountsapp "github.com/rollcall-dev/rollcall/services/accounts/app"
	discoveryapp "github.com/rollcall-dev/rollcall/services/discovery/app"
	"github.com/rollcall-dev/rollcall/services/discovery/jobs"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/gcp"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	inventoryapp "github.com/rollcall-dev/rollcall/services/inventory/app"
)

// childVariable is set for this test binary when it runs as one of Rollcall's services.
const childVariable = "ROLLCALL_CHAOS_CHILD"

// childConfig is the configuration of a service. Its limits are shorter than the defaults, so that
// minutes of failures fit into seconds; nothing else differs.
type childConfig struct {
	Service     string
	DatabaseURL string
	Key         string
	GRPC        string
	Internal    string
	Accounts    string
	Inventory   string
	AWS         string
	Google      string
	KeysetFile  string
}

// runChild is the main function of a child. It exits when the parent has exited.
func runChild() {
	var config childConfig
	err := json.Unmarshal([]byte(os.Getenv(childVariable)), &config)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	if err == nil {
		err = config.run(context.Background())
	}
	fmt.Fprintln(os.Stderr, "ended:", err)
	os.Exit(1)
}

func (c childConfig) run(ctx context.Context) error {
	var key auth.Key
	if err := key.UnmarshalText([]byte(c.Key)); err != nil {
		return err
	}
	hosts, err := keyfile.NewHosts(strings.TrimPrefix(c.Google, "http://"))
	if err != nil {
		return err
	}
	logging := serve.Logging{Level: slog.LevelWarn}
	var service serve.Runner
	switch c.Service {
	case "accounts":
		service, err = accountsapp.New(ctx, accountsapp.Config{
			DatabaseURL: c.DatabaseURL, GRPC: serve.Address(c.GRPC), Internal: serve.Address(c.Internal), DiscoveryKey: key,
			KeysetFile: c.KeysetFile, AllowedTokenHosts: hosts, Logging: logging,
		})
	case "inventory":
		service, err = inventoryapp.New(ctx, inventoryapp.Config{
			DatabaseURL: c.DatabaseURL, GRPC: serve.Address(c.GRPC), Internal: serve.Address(c.Internal), DiscoveryKey: key, Logging: logging,
		})
	case "discovery":
		service, err = discoveryapp.New(ctx, discoveryConfig(c, key, hosts, logging))
	default:
		err = fmt.Errorf("no service %q", c.Service)
	}
	if err != nil {
		return err
	}
	return service.Run(ctx)
}

func discoveryConfig(c childConfig, key auth.Key, hosts keyfile.Hosts, logging serve.Logging) discoveryapp.Config {
	const attempts, attempt, call, backoff = 3, time.Second, 3 * time.Second, 50 * time.Millisecond
	return discoveryapp.Config{
		DatabaseURL: c.DatabaseURL, GRPC: serve.Address(c.GRPC), DiscoveryKey: key, Logging: logging,
		Accounts: serve.Address(c.Accounts), Inventory: serve.Address(c.Inventory), SyncInterval: 2 * time.Second,
		AllowedTokenHosts: hosts,
		AWS: aws.Config{
			EndpointURL: c.AWS, Region: "us-east-1", Keys: &aws.Keys{AccessKeyID: "AKIANOBODY", SecretAccessKey: "none"},
			Attempts: attempts, AttemptLimit: attempt, CallLimit: call, MaxBackoff: backoff,
		},
		GCP: gcp.Config{
			ComputeEndpoint: c.Google, SQLEndpoint: c.Google, IAMEndpoint: c.Google,
			Attempts: attempts, AttemptLimit: attempt, CallLimit: call, MaxBackoff: backoff,
		},
		Limits: chaosLimits(), Periods: chaosPeriods(),
	}
}

// chaosPeriods returns the default periods, shortened.
func chaosPeriods() jobs.Periods {
	periods := jobs.DefaultPeriods()
	periods.Schedule, periods.Reap = 100*time.Millisecond, 200*time.Millisecond
	periods.Sweep, periods.Keep = 300*time.Millisecond, time.Second
	return periods
}

// chaosLimits returns the default limits, shortened.
func chaosLimits() sync.Limits {
	limits := sync.DefaultLimits()
	limits.Lease, limits.Run, limits.Scope, limits.Verify = 3*time.Second, 20*time.Second, 8*time.Second, 5*time.Second
	limits.Flush, limits.RetrySoon = 50*time.Millisecond, 500*time.Millisecond
	return limits
}

// child is a service that runs as a process. It is restarted whenever it ends, like in a cluster,
// until stop.
type child struct {
	name   string
	config childConfig
	output *tail

	mu      stdsync.Mutex
	process *os.Process
	frozen  bool
	stopped bool
	starts  int
	ended   chan struct{} // closed when the process has ended for good
}

// startChild starts a service that runs until the end of the test.
func startChild(t testing.TB, name string, config childConfig) *child {
	t.Helper()
	c := &child{name: name, config: config, output: &tail{}, ended: make(chan struct{})}
	go c.supervise()
	t.Cleanup(c.stop)
	return c
}

func (c *child) supervise() {
	defer close(c.ended)
	for {
		wait, err := c.launch()
		if err != nil {
			fmt.Fprintln(c.output, "could not be started:", err)
			return
		}
		if wait == nil {
			return
		}
		fmt.Fprintf(c.output, "--- %s ended: %v\n", c.name, wait())
	}
}

// launch starts the process, and returns the function that waits for its end; nil after stop.
func (c *child) launch() (wait func() error, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(c.config)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil, nil
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), childVariable+"="+string(config))
	cmd.Stdout, cmd.Stderr = c.output, c.output
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.process, c.frozen, c.starts = cmd.Process, false, c.starts+1
	return func() error {
		defer stdin.Close()
		return cmd.Wait()
	}, nil
}

// signal sends a signal to the process, if there is one.
func (c *child) signal(signal syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil {
		_ = c.process.Signal(signal) // The process may have ended; it is restarted.
	}
	switch signal {
	case syscall.SIGSTOP:
		c.frozen = true
	case syscall.SIGCONT:
		c.frozen = false
	}
}

func (c *child) isFrozen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frozen
}

// dumpStacks ends the service for good, with a dump of its goroutines.
func (c *child) dumpStacks() {
	c.mu.Lock()
	c.stopped = true
	if c.process != nil {
		_ = c.process.Signal(syscall.SIGCONT) // It may have ended.
		_ = c.process.Signal(syscall.SIGQUIT)
	}
	c.mu.Unlock()
	<-c.ended
}

// stop ends the service for good.
func (c *child) stop() {
	c.mu.Lock()
	c.stopped = true
	if c.process != nil {
		_ = c.process.Kill()
	}
	c.mu.Unlock()
	<-c.ended
}

// tail keeps the end of a process's output.
type tail struct {
	mu   stdsync.Mutex
	text []byte
}

const tailSize = 1 << 20

func (w *tail) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, p...)
	if len(w.text) > 2*tailSize {
		w.text = append([]byte(nil), w.text[len(w.text)-tailSize:]...)
	}
	return len(p), nil
}

func (w *tail) bytes() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]byte(nil), w.text...)
}
