package conformance

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/rollcall-dev/rollcall/services/internal/servetest"
)

// motoAccount is the account of every access key in moto.
const motoAccount = "123456789012"

// moto is a running moto server.
type moto struct{ url string }

// startMoto starts the server on a free port, or skips the test if the server is not installed.
func startMoto(t *testing.T) *moto {
	t.Helper()
	program := os.Getenv("ROLLCALL_MOTO_SERVER")
	if program == "" {
		t.Skip("the moto server is not installed; `make conformance` installs it and runs this test")
	}
	addr := servetest.Address(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-H", host, "-p", port)
	cmd.Env = append(os.Environ(), "MOTO_EC2_LOAD_DEFAULT_AMIS=true")
	start(t, cmd)
	m := &moto{url: "http://" + addr}
	eventually(t, "the moto server responds", func(ctx context.Context) error {
		return m.api(ctx, http.MethodGet, "/moto-api/data.json")
	})
	return m
}

// api calls moto's control interface.
func (m *moto) api(ctx context.Context, method, path string) error {
	req, err := http.NewRequestWithContext(ctx, method, m.url+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// clients returns SDK clients for one region.
func (m *moto) clients(t *testing.T, region string) (*ec2.Client, *rds.Client) {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(region), config.WithBaseEndpoint(m.url),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "example", "")))
	if err != nil {
		t.Fatal(err)
	}
	return ec2.NewFromConfig(cfg), rds.NewFromConfig(cfg)
}

// launch runs n instances named after the region.
func (m *moto) launch(t *testing.T, region string, n int32) []string {
	t.Helper()
	client, _ := m.clients(t, region)
	images, err := client.DescribeImages(t.Context(), &ec2.DescribeImagesInput{Owners: []string{"amazon"}})
	if err != nil || len(images.Images) == 0 {
		t.Fatalf("moto has no images in %s: %v", region, err)
	}
	out, err := client.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: images.Images[0].ImageId, MinCount: aws.Int32(n), MaxCount: aws.Int32(n), InstanceType: types.InstanceTypeM5Large,
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{
			{Key: aws.String("Name"), Value: aws.String("web-" + region)}, {Key: aws.String("team"), Value: aws.String("data")},
		}}},
	})
	if err != nil {
		t.Fatalf("run instances in %s: %v", region, err)
	}
	var ids []string
	for _, i := range out.Instances {
		ids = append(ids, aws.ToString(i.InstanceId))
	}
	return ids
}

// createDatabase creates a database and returns its ARN. moto gives all databases the same
// DbiResourceId, so Rollcall distinguishes them by ARN.
func (m *moto) createDatabase(t *testing.T, region, id string) string {
	t.Helper()
	_, client := m.clients(t, region)
	out, err := client.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: &id, DBInstanceClass: aws.String("db.r6g.large"), Engine: aws.String("postgres"),
		AllocatedStorage: aws.Int32(100), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("notsecret1"),
		MultiAZ: aws.Bool(true),
	})
	if err != nil {
		t.Fatalf("create database %s in %s: %v", id, region, err)
	}
	return aws.ToString(out.DBInstance.DBInstanceArn)
}

// patience limits every wait. It only stops a hanging test, and measures nothing.
const patience = 2 * time.Minute

// eventually calls try until it succeeds.
func eventually(t *testing.T, what string, try func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("timed out waiting until %s: %v", what, err)
		case <-tick.C:
		}
	}
}
