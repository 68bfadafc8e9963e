package app_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"golang.org/x/sync/errgroup"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// The size of a first sync: 10 accounts × 4 regions × 500 instances.
const (
	benchAccounts  = 10
	benchRegions   = 4
	benchInstances = 500
)

// BenchmarkFirstSync syncs a whole company for the first time and compares that with the bare SDK,
// which lists the same instances with as many parallel calls and drops them. The metric ratio is
// how much longer Rollcall took.
func BenchmarkFirstSync(b *testing.B) {
	for b.Loop() {
		r := start(b, clouds{aws: simaws.Config{Accounts: benchAccounts, Regions: simaws.DefaultRegions(benchRegions), Instances: benchInstances}}, unhurry)
		var names []string
		for _, id := range r.aws.Accounts() {
			names = append(names, r.add(id, func(a *accountsv1.Account) { a.Paused = true }).GetName())
		}
		bare := r.listBare(b)
		runtime.GC()

		began := time.Now()
		first := r.syncAll(b, names)
		whole := time.Since(began)
		began = time.Now()
		again := r.syncAll(b, names)
		second := time.Since(began)

		total := float64(benchAccounts * benchRegions * benchInstances)
		b.ReportMetric(total/bare.Seconds(), "bare-inst/s")
		b.ReportMetric(total/whole.Seconds(), "first-inst/s")
		b.ReportMetric(total/second.Seconds(), "again-inst/s")
		b.ReportMetric(whole.Seconds()/bare.Seconds(), "first/bare")
		b.ReportMetric(second.Seconds()/bare.Seconds(), "again/bare")
		b.ReportMetric(float64(first.requests), "requests")
		if want := int64(total); first.created != want || again.created+again.changed != 0 {
			b.Errorf("the first sync created %d (want %d), the second one wrote %d", first.created, want, again.created+again.changed)
		}
	}
}

// listBare lists all machines with the bare SDK.
func (r *rollcall) listBare(b *testing.B) time.Duration {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(benchAccounts * benchRegions)
	began := time.Now()
	for _, id := range r.aws.Accounts() {
		key := r.aws.Key(id)
		for _, region := range r.aws.Regions(id) {
			client := ec2.New(ec2.Options{
				Region: region, BaseEndpoint: sdk.String(r.config.AWS.EndpointURL),
				Credentials: credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.Secret, ""),
			})
			group.Go(func() error {
				pages := ec2.NewDescribeInstancesPaginator(client, &ec2.DescribeInstancesInput{MaxResults: sdk.Int32(1000)})
				for pages.HasMorePages() {
					if _, err := pages.NextPage(context.Background()); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// sums are totals of many runs.
type sums struct{ created, changed, requests int64 }

// syncAll syncs the accounts at the same time and waits for the last.
func (r *rollcall) syncAll(b *testing.B, names []string) (all sums) {
	b.Helper()
	var queued []string
	for _, name := range names {
		run, err := r.discovery.SyncAccount(b.Context(), &discoveryv1.SyncAccountRequest{Name: name})
		if err != nil {
			b.Fatal(err)
		}
		queued = append(queued, run.GetName())
	}
	for _, name := range queued {
		run := r.watch(name)
		if run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
			b.Fatalf("a run is %v", run)
		}
		for _, scope := range run.GetScopes() {
			all.created += scope.GetCreated()
			all.changed += scope.GetChanged()
			all.requests += int64(scope.GetRequests())
		}
	}
	return all
}

// BenchmarkLargeScope syncs one scope of 100,000 instances in a process of its own, and reports the
// peak memory of the process.
func BenchmarkLargeScope(b *testing.B) {
	const instances = 100_000
	for b.Loop() {
		r := start(b, clouds{aws: simaws.Config{Regions: []string{home}, Instances: instances}}, unhurry)
		r.stopDiscovery()
		child, kill := r.startChild(unhurried)
		account := r.add(r.aws.Accounts()[0])
		eventuallyIn(b, 10*time.Minute, "the instances are in the inventory", func() (bool, any) {
			return len(r.peek(account.GetName())) > 0, nil
		})
		b.ReportMetric(peakMegabytes(b, child.Process.Pid), "peak-MB")
		b.ReportMetric(float64(r.world.Requests(cloudsim.Call{Action: "DescribeInstances"}).Requests), "requests")
		kill()
	}
}

// peek returns one page of an account's instances.
func (r *rollcall) peek(name string) []*inventoryv1.Instance {
	response, err := r.inventory.ListInstances(r.t.Context(), &inventoryv1.ListInstancesRequest{Filter: `account = "` + name + `"`})
	if err != nil {
		r.t.Fatal(err)
	}
	return response.GetInstances()
}

// peakMegabytes returns the peak memory of a process (proc(5), VmHWM).
func peakMegabytes(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kilobytes); err == nil {
			return kilobytes / 1024
		}
	}
	b.Skip("this system does not say how much memory a process has had")
	return 0
}
