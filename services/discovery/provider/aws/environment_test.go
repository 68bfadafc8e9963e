package aws_test

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// bareEnvironment removes everything that the SDK reads from the environment, and returns a folder for
// files.
func bareEnvironment(t *testing.T) (folder string) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // So that it is put back.
			os.Unsetenv(name)
		}
	}
	folder = t.TempDir()
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(folder, "none"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(folder, "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return folder
}

// asUser sets the variables of a user of the simulated cloud.
func asUser(t *testing.T, sim *simaws.Server) (account string) {
	t.Helper()
	account = sim.Cloud.Accounts()[0]
	for name, value := range sim.Env(account) {
		t.Setenv(name, value)
	}
	return account
}

func serve(t *testing.T, config cloudsim.Config) *simaws.Server {
	t.Helper()
	sim, err := simaws.Serve(cloudsim.New(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	return sim
}

func newProvider(t *testing.T) *aws.Provider {
	t.Helper()
	provider := aws.New(aws.Config{Attempts: 1, CallLimit: 10 * time.Second})
	t.Cleanup(provider.Close)
	return provider
}

// identity signs in and returns the identity.
func identity(t *testing.T, prov *aws.Provider, account string) (string, error) {
	t.Helper()
	session, err := prov.Open(t.Context(), provider.Account{ID: "a", CloudID: account}, provider.AWSDefault{})
	if err != nil {
		t.Fatal(err)
	}
	return session.Identity(t.Context())
}

func TestDetect(t *testing.T) {
	bareEnvironment(t)
	metadata := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the metadata service was asked for %s, which takes seconds where there is none", r.URL)
	}))
	t.Cleanup(metadata.Close)
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	if _, err := aws.Detect(t.Context()); !errors.Is(err, aws.ErrNoCredentials) {
		t.Errorf("without credentials: %v", err)
	}
	sim := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{}}})
	account := asUser(t, sim)
	found, err := aws.Detect(t.Context())
	if err != nil || found.AccountID != account || !strings.HasPrefix(found.ARN, "arn:") {
		t.Errorf("found %+v (%v), want %s", found, err, account)
	}
	sim.Cloud.RevokeKey(sim.Cloud.Key(account).AccessKeyID)
	_, err = aws.Detect(t.Context())
	if failure, ok := errors.AsType[*fault.Error](err); !ok || failure.Reason != fault.ReasonCredentialsInvalid {
		t.Errorf("with a revoked key: %v", err)
	}
}

func TestIdentity_NoCredentials(t *testing.T) {
	bareEnvironment(t)
	_, err := identity(t, newProvider(t), "100000000001")
	failure, ok := errors.AsType[*fault.Error](err)
	if !ok || failure.Reason != fault.ReasonCredentialsInvalid ||
		!strings.Contains(failure.Message, "no AWS credentials") || !strings.Contains(failure.Remedy, "AWS_PROFILE") {
		t.Errorf("ended with %+v", err)
	}
}

func TestOpen_EndpointPerService(t *testing.T) {
	bareEnvironment(t)
	machines := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"us-east-1"}, Instances: 3}}})
	databases := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{Regions: []string{"us-east-1"}, Databases: 5}}})
	account := asUser(t, machines)
	t.Setenv("AWS_ENDPOINT_URL_RDS", databases.URL)
	session, err := newProvider(t).Open(t.Context(), provider.Account{ID: "a", CloudID: account}, provider.AWSDefault{})
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[cloud.Kind]int{cloud.VirtualMachine: 3, cloud.Database: 5} {
		sink := &counter{}
		err := session.Read(t.Context(), provider.ScopeID{Kind: kind, Location: "us-east-1"}, sink)
		if err != nil || sink.instances != want {
			t.Errorf("%s: %d instances (%v), want %d", kind, sink.instances, err, want)
		}
	}
}

func TestOpen_RenewedCredentialsFile(t *testing.T) {
	folder := bareEnvironment(t)
	sim := serve(t, cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{}}})
	account := sim.Cloud.Accounts()[0]
	t.Setenv("AWS_ENDPOINT_URL", sim.URL)
	file := filepath.Join(folder, "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	write := func(id, secret string) {
		t.Helper()
		text := "[default]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	provider := newProvider(t)
	write("AKIAOLD", "old")
	if got, err := identity(t, provider, account); err == nil {
		t.Errorf("the old keys belong to %s", got)
	}
	key := sim.Cloud.Key(account)
	write(key.AccessKeyID, key.Secret)
	if got, err := identity(t, provider, account); err != nil || got != account {
		t.Errorf("the new keys belong to %q (%v), want %s", got, err, account)
	}
}

func TestOpen_CABundle(t *testing.T) {
	folder := bareEnvironment(t)
	world := cloudsim.New(cloudsim.Config{Clouds: cloudsim.Clouds{simaws.Config{}}})
	server := httptest.NewUnstartedServer(simaws.NewHandler(world))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // Handshakes are to fail.
	server.StartTLS()
	defer server.Close()
	sim := simaws.In(world)
	account := sim.Accounts()[0]
	key := sim.Key(account)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", key.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", key.Secret)
	if got, err := identity(t, newProvider(t), account); err == nil {
		t.Errorf("an unknown authority was trusted: %s", got)
	}
	bundle := filepath.Join(folder, "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	if got, err := identity(t, newProvider(t), account); err != nil || got != account {
		t.Errorf("the identity is %q (%v), want %s", got, err, account)
	}
}
