package aws_test

import (
	"context"
	"net/http"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"go.uber.org/goleak"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	firstAccount = "100000000001"
	homeRegion   = "us-east-1"
)

// cloud is a world served on a real port, with real SDK clients.
type cloud struct {
	*cloudsim.World
	*aws.Cloud
	server    *aws.Server
	transport *http.Transport
	http      *http.Client
}

// serve serves a world for one test.
func serve(t testing.TB, cfg cloudsim.Config) *cloud {
	t.Helper()
	world := cloudsim.New(cfg)
	server, err := aws.Serve(world)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return &cloud{World: world, Cloud: aws.In(world), server: server, transport: transport, http: &http.Client{Transport: inMemoryBodies{transport}}}
}

// config is the configuration of SDK clients, without retries: a test observes each response.
func (c *cloud) config(key aws.Key, region string) sdk.Config {
	return sdk.Config{
		Region:       region,
		BaseEndpoint: &c.server.URL,
		Credentials:  credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.Secret, key.Token),
		HTTPClient:   c.http,
		Retryer:      func() sdk.Retryer { return sdk.NopRetryer{} },
	}
}

func (c *cloud) ec2(region string) *ec2.Client {
	return ec2.NewFromConfig(c.config(c.Key(firstAccount), region))
}

func (c *cloud) rds(region string) *rds.Client {
	return rds.NewFromConfig(c.config(c.Key(firstAccount), region))
}

func (c *cloud) sts() *sts.Client {
	return sts.NewFromConfig(c.config(c.Key(firstAccount), homeRegion))
}

// truth returns the content of the first account.
func (c *cloud) truth(t testing.TB) aws.Truth {
	t.Helper()
	truth, err := c.Truth(firstAccount)
	if err != nil {
		t.Fatal(err)
	}
	return truth
}

// instanceIDs reads all instances of a region through the SDK's paginator.
func (c *cloud) instanceIDs(ctx context.Context, region string, in *ec2.DescribeInstancesInput) ([]string, error) {
	var ids []string
	pages := ec2.NewDescribeInstancesPaginator(c.ec2(region), in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return ids, err
		}
		for _, r := range page.Reservations {
			for _, i := range r.Instances {
				ids = append(ids, *i.InstanceId)
			}
		}
	}
	return ids, nil
}
