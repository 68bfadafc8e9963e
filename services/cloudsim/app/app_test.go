package app

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"go.uber.org/goleak"
	"google.golang.org/api/option"

	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	simgcp "github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs the program until the test ends.
func start(t *testing.T, cfg Config) *App {
	t.Helper()
	cfg.Addr, cfg.GoogleAddr = "127.0.0.1:0", "127.0.0.1:0"
	app, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return app
}

// TestDemo_AWSEnvironment exports what the program prints, lets the SDK read its configuration, and
// opens another account too.
func TestDemo_AWSEnvironment(t *testing.T) {
	app := start(t, Config{Seed: 1, Demo: true, Regions: "3", Latency: 0, Throttle: true, Verify: true, Churn: time.Millisecond})
	sim := Find[*simaws.Server](app)
	accounts := sim.Cloud.Accounts()
	for name, value := range sim.Env(accounts[0]) {
		if name != "AWS_EC2_METADATA_DISABLED" && !strings.Contains(app.Instructions(), name+"="+value) {
			t.Errorf("the instructions lack %s", name)
		}
		t.Setenv(name, value)
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range accounts {
		role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), simaws.RoleARN(account, simaws.DemoRole), func(o *stscreds.AssumeRoleOptions) {
			o.ExternalID = aws.String(simaws.DemoExternalID)
		})
		out, err := ec2.NewFromConfig(cfg, func(o *ec2.Options) {
			o.Credentials, o.Region = aws.NewCredentialsCache(role), sim.Cloud.Regions(account)[0]
		}).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{MaxResults: aws.Int32(100)})
		if err != nil || len(out.Reservations) == 0 || *out.Reservations[0].OwnerId != account {
			t.Errorf("%s: %v", account, err)
		}
	}
}

// TestDemo_GoogleEnvironment does the same for Google Cloud, with the exported addresses and the
// key file that the program serves.
func TestDemo_GoogleEnvironment(t *testing.T) {
	app := start(t, Config{Seed: 1, Demo: true, Regions: "3", Throttle: true, Verify: true, Churn: time.Millisecond})
	google := Find[*simgcp.Server](app)
	env := google.Env()
	for name, value := range env {
		if !strings.Contains(app.Instructions(), name+"="+value) {
			t.Errorf("the instructions lack %s", name)
		}
	}
	answer, err := http.Get(google.URL + "/keys/" + google.Cloud.Projects()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	key, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	client, err := compute.NewInstancesRESTClient(t.Context(), option.WithAuthCredentialsJSON(option.ServiceAccount, key),
		option.WithEndpoint(strings.TrimSuffix(env["CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"], "/compute/v1/")))
	if err != nil {
		t.Fatal(err)
	}
	for _, project := range google.Cloud.Projects() {
		if _, err := client.AggregatedList(t.Context(), &computepb.AggregatedListInstancesRequest{Project: project}).Next(); err != nil {
			t.Errorf("%s: %v", project, err)
		}
	}
}

func TestUniformWorld(t *testing.T) {
	app := start(t, Config{Accounts: 12, Regions: "eu-west-1,eu-south-1", Instances: 2, Fault: []string{
		"throttle,account=100000000002,region=eu-west-1,probability=0.5,count=3,skip=1", "slow,delay=1s,service=rds", "empty,of=lists",
	}})
	sim := Find[*simaws.Server](app)
	if got := sim.Cloud.Regions(sim.Cloud.Accounts()[11]); len(got) != 2 || got[1] != "eu-south-1" {
		t.Errorf("regions %v", got)
	}
	if !strings.Contains(app.Instructions(), "and 2 more") {
		t.Error(app.Instructions())
	}
}

func TestMain_WrongSettings(t *testing.T) {
	for name, args := range map[string][]string{
		"regions":     {"--accounts=1", "--regions=99"},
		"region":      {"--accounts=1", "--regions=mars-1"},
		"fault":       {"--fault=flood"},
		"fault field": {"--fault=throttle,colour=red"},
		"fault value": {"--fault=throttle,count=many"},
		"fault reads": {"--fault=empty,of=all"},
		"address":     {"--addr=nowhere:-1"},
		"google":      {"--addr=127.0.0.1:0", "--google-addr=nowhere:-1"},
		"project":     {"--addr=127.0.0.1:0", "--google-addr=127.0.0.1:0", "--projects=Wrong"},
	} {
		if err := Main(t.Context(), args, new(bytes.Buffer)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
