package cloudsim_test

import (
	"fmt"
	"maps"
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
	server, err := aws.Serve(world)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, id := range server.Cloud.Accounts() {
		for _, region := range server.Cloud.Regions(id) {
			addInstances(t, server, id, region, times)
			databases, err := server.Cloud.Databases(id, region)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range databases {
				times[d.ARN+" created"] = d.Created
			}
		}
	}
}

func addInstances(t *testing.T, server *aws.Server, account, region string, times map[string]time.Time) {
	t.Helper()
	key := server.Cloud.Key(account)
	client := ec2.New(ec2.Options{
		Region: region, BaseEndpoint: &server.URL,
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
