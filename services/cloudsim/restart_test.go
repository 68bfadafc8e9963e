package cloudsim_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	"github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/cloudsim/gcp"
)

// TestRestart_KeepsTimes builds the demo's world at three points in time. Each must give every
// instance the same times, and all times must precede the first point.
func TestRestart_KeepsTimes(t *testing.T) {
	start := newClock().Now()
	first := timesAt(t, start)
	if len(first) < 1000 {
		t.Fatalf("only %d times", len(first))
	}
	for name, at := range first {
		if !at.Before(start) {
			t.Errorf("%s: %v is not before the start of the world, %v", name, at, start)
		}
	}
	for _, later := range []time.Duration{time.Second, 40 * 24 * time.Hour} {
		if again := timesAt(t, start.Add(later)); !maps.EqualFunc(first, again, time.Time.Equal) {
			t.Errorf("a restart after %v changed times: %s", later, firstDifference(first, again))
		}
	}
}

func firstDifference(a, b map[string]time.Time) string {
	for name, at := range a {
		if !at.Equal(b[name]) {
			return fmt.Sprintf("%s was %v and is %v", name, at, b[name])
		}
	}
	return fmt.Sprintf("%d times were %d", len(b), len(a))
}

// timesAt returns the creation, launch and attach times of every instance and database of a world
// that is built at a time.
func timesAt(t *testing.T, now time.Time) map[string]time.Time {
	t.Helper()
	cfg := cloudsim.Demo(1, aws.Demo(), gcp.Demo())
	cfg.Now, cfg.Latency = func() time.Time { return now }, 0
	world := cloudsim.New(cfg)
	times := make(map[string]time.Time)
	addAmazon(t, world, times)
	google := gcp.In(world)
	for _, id := range google.Projects() {
		truth, err := google.Truth(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range truth.VMs {
			key := fmt.Sprintf("VM %d", m.ID)
			times[key+" created"], times[key+" started"] = m.Created, m.Started
		}
		for _, d := range truth.Databases {
			times["SQL "+d.Name+" created"] = d.Created
		}
	}
	return times
}

// addAmazon adds the times of EC2 and RDS. It reads instances through the SDK, because only EC2's
// responses have attach times.
func addAmazon(t *testing.T, world *cloudsim.World, times map[string]time.Time) {
	t.Helper()
	cloud := aws.In(world)
	for _, id := range cloud.Accounts() {
		for _, region := range cloud.Regions(id) {
			addInstances(t, world, id, region, times)
			databases, err := cloud.Databases(id, region)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range databases {
				times[d.ARN+" created"] = d.Created
			}
		}
	}
}

// inProcess is an HTTP client that calls a handler directly, without a connection.
type inProcess struct{ handler http.Handler }

func (c inProcess) Do(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	response := httptest.NewRecorder()
	c.handler.ServeHTTP(response, r)
	return response.Result(), nil
}

func addInstances(t *testing.T, world *cloudsim.World, account, region string, times map[string]time.Time) {
	t.Helper()
	key := aws.In(world).Key(account)
	client := ec2.New(ec2.Options{
		Region: region, BaseEndpoint: sdk.String("http://cloud.test"), HTTPClient: inProcess{aws.NewHandler(world)},
		Credentials: credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.Secret, ""),
	})
	out, err := client.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{MaxResults: sdk.Int32(1000)})
	if err != nil {
		t.Fatal(err)
	}
	for _, reservation := range out.Reservations {
		for _, i := range reservation.Instances {
			times[*i.InstanceId+" launched"] = *i.LaunchTime
			times[*i.InstanceId+" interface attached"] = *i.NetworkInterfaces[0].Attachment.AttachTime
			times[*i.InstanceId+" volume attached"] = *i.BlockDeviceMappings[0].Ebs.AttachTime
		}
	}
}
