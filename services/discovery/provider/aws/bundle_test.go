package aws_test

import (
	"encoding/pem"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/aws"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

func TestCABundle_AllCredentialsAndServices(t *testing.T) {
	world := cloudsim.New(few())
	server := httptest.NewUnstartedServer(simaws.NewHandler(world))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // Of refused handshakes.
	server.StartTLS()
	t.Cleanup(server.Close)
	bundle := filepath.Join(t.TempDir(), "bundle.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	sim := simaws.In(world)
	accounts := sim.Accounts()
	key := sim.Key(accounts[0])
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": key.AccessKeyID, "AWS_SECRET_ACCESS_KEY": key.Secret, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
	second := sim.Key(accounts[1])
	signIns := map[string]provider.Credentials{
		accounts[0]: provider.AWSDefault{},
		accounts[1]: provider.AWSAccessKey{ID: second.AccessKeyID, Secret: secret.New(second.Secret)},
		accounts[2]: provider.AWSAssumeRole{RoleARN: simaws.RoleARN(accounts[2], "rollcall")},
	}
	try := func(cloudID string, how provider.Credentials) error {
		prov := aws.New(aws.Config{Attempts: 1})
		defer prov.Close()
		session, err := prov.Open(t.Context(), provider.Account{ID: "a", Provider: cloud.AWS, CloudID: cloudID}, how)
		if err != nil {
			return err
		}
		if _, err := session.Identity(t.Context()); err != nil {
			return err
		}
		scopes, err := session.Scopes(t.Context())
		if err != nil {
			return err
		}
		for _, scope := range scopes {
			if err := session.Read(t.Context(), scope.ScopeID, nowhere{}); err != nil {
				return err
			}
		}
		return nil
	}
	for cloudID, how := range signIns {
		wantFailure(t, try(cloudID, how), fault.ReasonUnreachable, "network")
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	for cloudID, how := range signIns {
		if err := try(cloudID, how); err != nil {
			t.Errorf("%T: %v", how, err)
		}
	}
	if _, err := aws.Detect(t.Context()); err != nil {
		t.Errorf("detect: %v", err)
	}
}
