package app_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	stdsync "sync"

	"github.com/rollcall-dev/rollcall/services/discovery/app"
	"github.com/rollcall-dev/rollcall/services/discovery/jobs"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// A child is this test binary, started again as a discovery process of its own, so that a test can
// kill it.
const (
	childDatabase  = "ROLLCALL_TEST_CHILD_DATABASE"
	childAccounts  = "ROLLCALL_TEST_CHILD_ACCOUNTS"
	childInventory = "ROLLCALL_TEST_CHILD_INVENTORY"
	childCloud     = "ROLLCALL_TEST_CHILD_CLOUD"
	childKey       = "ROLLCALL_TEST_CHILD_KEY"
	childAccessKey = "ROLLCALL_TEST_CHILD_ACCESS_KEY"
	childSecret    = "ROLLCALL_TEST_CHILD_SECRET"
	childPace      = "ROLLCALL_TEST_CHILD_PACE"
)

func isChild() bool { return os.Getenv(childDatabase) != "" }

// runChild is the main function of a child. It ends the process.
func runChild() {
	config := discoveryConfig()
	smallPages(&config)
	if os.Getenv(childPace) == string(unhurried) {
		unhurry(&config)
	}
	config.DatabaseURL = os.Getenv(childDatabase)
	config.GRPC = serve.Pipe()
	config.Accounts, config.Inventory = serve.Address(os.Getenv(childAccounts)), serve.Address(os.Getenv(childInventory))
	config.AWS.EndpointURL = os.Getenv(childCloud)
	config.AWS.Keys = &aws.Keys{AccessKeyID: os.Getenv(childAccessKey), SecretAccessKey: os.Getenv(childSecret)}
	err := config.DiscoveryKey.UnmarshalText([]byte(os.Getenv(childKey)))
	if err == nil {
		var a *app.App
		if a, err = app.New(context.Background(), config); err == nil {
			err = a.Run(context.Background())
		}
	}
	fmt.Fprintln(os.Stderr, "the child ended:", err)
	os.Exit(1)
}

// pace selects the limits of a child: those of the tests, or the defaults.
type pace string

const (
	hurried   pace = "hurried"
	unhurried pace = "unhurried"
)

// unhurry sets the default limits.
func unhurry(c *app.Config) {
	c.Limits, c.Periods = sync.DefaultLimits(), jobs.DefaultPeriods()
	c.AWS.PageSize, c.GCP.PageSize = 0, 0
	c.AWS.Attempts, c.AWS.AttemptLimit, c.AWS.CallLimit, c.AWS.MaxBackoff = 0, 0, 0, 0
}

// startChild runs a discovery process until it is killed.
func (r *rollcall) startChild(at pace) (child *exec.Cmd, kill func()) {
	r.t.Helper()
	program, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	child = exec.Command(program)
	child.Env = append(os.Environ(),
		childDatabase+"="+r.config.DatabaseURL,
		childAccounts+"="+r.config.Accounts.String(),
		childInventory+"="+r.config.Inventory.String(),
		childCloud+"="+r.config.AWS.EndpointURL,
		childKey+"="+testKey,
		childAccessKey+"="+r.config.AWS.Keys.AccessKeyID,
		childSecret+"="+r.config.AWS.Keys.SecretAccessKey,
		childPace+"="+string(at),
	)
	said := &output{to: r.t.Output()}
	child.Stdout, child.Stderr = said, said
	if err := child.Start(); err != nil {
		r.t.Fatal(err)
	}
	killed := false
	kill = func() {
		if !killed {
			killed = true
			_ = child.Process.Kill()
			_ = child.Wait()
		}
	}
	r.t.Cleanup(kill)
	return child, kill
}

// output collects what a child prints.
type output struct {
	to io.Writer

	mu   stdsync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	o.text.Write(p)
	o.mu.Unlock()
	return o.to.Write(p)
}

// has reports whether a child has printed a text.
func (o *output) has(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(o.text.String(), text)
}

// testKey is discovery's key in this run of the tests.
var testKey = func() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // Never fails (crypto/rand).
	return base64.StdEncoding.EncodeToString(secret)
}()

func newKey() (auth.Key, error) {
	var key auth.Key
	err := key.UnmarshalText([]byte(testKey))
	return key, err
}
