package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// The inventory that reads are measured on: a million instances in a hundred accounts.
const (
	readAccounts  = 100
	readRegions   = 10
	readPerScope  = 1000
	readInstances = readAccounts * readRegions * readPerScope
	// samples is the number of responses per figure.
	samples = 400
	// stride is the number of instances between two samples of a walk.
	stride = 1000
)

// question is a kind of read to measure.
type question struct {
	figure string
	// aim is the aim for p99.
	aim time.Duration
	ask func(ctx context.Context, client inventoryv1.InventoryServiceClient) (latencies, error)
}

// latencies are the durations of responses.
type latencies []time.Duration

func (l latencies) quantile(q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(l))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// questions are the reads to measure. The filters are those with an index, from one that matches
// half of the inventory to one that matches a single instance.
func questions() []question {
	const page, label, count = 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond
	return []question{
		{"a page of 50, no filter, at any depth", page, deep("")},
		{"… by account", page, deep(`account = "accounts/aws-100000000007"`)},
		{"… by region", page, deep(`location.region = "us-east-1"`)},
		{"… by state, 9 of 10", page, deep(`state = RUNNING`)},
		{"… by state, 1 of 1,000", page, deep(`state = FAILED`)},
		{"… by machine type", page, deep(`machineType = "m6i.large"`)},
		{"… by account and state", page, deep(`account = "accounts/aws-100000000007" AND state = STOPPED`)},
		{"the first page of 50, by state", page, first(func(n int) string { return "state = " + []string{"RUNNING", "STOPPED", "FAILED"}[n%3] })},
		{"the first page of 50, by account", page, first(func(n int) string { return fmt.Sprintf("account = %q", readAccount(n%readAccounts)) })},
		{"… by state and machine type, 1 of 100", page, first(func(n int) string {
			return fmt.Sprintf("state = STOPPED AND machineType = %q", readTypes[n%len(readTypes)])
		})},
		{"… by account, state and machine type, 1 of 10,000", page, first(func(n int) string {
			return fmt.Sprintf("account = %q AND state = STOPPED AND machineType = %q", readAccount(n%readAccounts), readTypes[n%len(readTypes)])
		})},
		{"by provider id", page, first(func(n int) string { return fmt.Sprintf("providerId = %q", readID(n*7919%readInstances)) })},
		{"by display name", page, first(func(n int) string { return fmt.Sprintf("displayName = %q", readName(n*7919%readInstances)) })},
		{"by private address", page, first(func(n int) string { return "privateIps:" + readAddress(n*7919%readInstances) })},
		{"the first page of 50, label of 1 in 3", label, first(func(n int) string { return `labels.env = "` + []string{"prod", "dev", "test"}[n%3] + `"` })},
		{"… label of 1 in 200", label, first(func(n int) string { return fmt.Sprintf(`labels.team = "team-%d"`, n%200) })},
		{"… label of 1 in 5,000", label, first(func(n int) string { return fmt.Sprintf(`labels.cost-centre = "cc-%d"`, n%5000) })},
		{"a page of 50, label of 1 in 200, at any depth", label, deep(`labels.team = "team-7"`)},
		{"count by state", count, counts("state")},
		{"count by account", count, counts("account")},
		{"count by region", count, counts("location.region")},
		{"count by machine type", count, counts("machine_type")},
		{"count by kind", count, counts("kind")},
	}
}

// deep walks through all pages of a filter, and measures pages of 50 on the way, including the
// first.
func deep(filter string) func(context.Context, inventoryv1.InventoryServiceClient) (latencies, error) {
	return func(ctx context.Context, client inventoryv1.InventoryServiceClient) (latencies, error) {
		var taken latencies
		token := ""
		for len(taken) < samples {
			began := time.Now()
			_, err := client.ListInstances(ctx, &inventoryv1.ListInstancesRequest{Filter: filter, PageSize: 50, PageToken: token})
			if err != nil {
				return nil, err
			}
			taken = append(taken, time.Since(began))
			page, err := client.ListInstances(ctx, &inventoryv1.ListInstancesRequest{Filter: filter, PageSize: stride, PageToken: token})
			if err != nil {
				return nil, err
			}
			token = page.GetNextPageToken() // after the last page the walk starts again
		}
		return taken, nil
	}
}

// first measures first pages, each of another filter.
func first(filter func(n int) string) func(context.Context, inventoryv1.InventoryServiceClient) (latencies, error) {
	return func(ctx context.Context, client inventoryv1.InventoryServiceClient) (latencies, error) {
		var taken latencies
		for n := range samples {
			began := time.Now()
			answer, err := client.ListInstances(ctx, &inventoryv1.ListInstancesRequest{Filter: filter(n), PageSize: 50})
			if err != nil {
				return nil, err
			}
			taken = append(taken, time.Since(began))
			if len(answer.GetInstances()) == 0 || answer.GetTotalSize() == 0 {
				return nil, fmt.Errorf("nothing matches %s", filter(n))
			}
		}
		return taken, nil
	}
}

// counts measures a count of all instances by one field.
func counts(field string) func(context.Context, inventoryv1.InventoryServiceClient) (latencies, error) {
	return func(ctx context.Context, client inventoryv1.InventoryServiceClient) (latencies, error) {
		var taken latencies
		for range samples / 4 {
			began := time.Now()
			answer, err := client.AggregateInstances(ctx, &inventoryv1.AggregateInstancesRequest{GroupBy: []string{field}})
			if err != nil {
				return nil, err
			}
			taken = append(taken, time.Since(began))
			total := int64(0)
			for _, group := range answer.GetGroups() {
				total += group.GetCount()
			}
			if total != readInstances {
				return nil, fmt.Errorf("counted %d of %d by %s", total, readInstances, field)
			}
		}
		return taken, nil
	}
}

// measureReads fills an inventory with a million instances and measures reads over gRPC.
func measureReads(ctx context.Context, inventory string) (string, error) {
	service, err := startInventory(ctx, inventory)
	if err != nil {
		return "", err
	}
	defer service.stop()
	fmt.Fprintf(os.Stderr, "reads: filling an inventory with %d instances\n", readInstances)
	if err := fill(ctx, service.ingest); err != nil {
		return "", fmt.Errorf("fill the inventory: %w", err)
	}
	conn, err := pgx.Connect(ctx, service.databaseURL)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `VACUUM ANALYZE`); err != nil { // autovacuum would do it during the measurement
		return "", err
	}

	var b strings.Builder
	fmt.Fprintf(&b, "%d instances of %d accounts in %d regions; %d CPUs, %s; %d responses per figure, over gRPC.\n\n",
		readInstances, readAccounts, readRegions, runtime.NumCPU(), runtime.Version(), samples)
	b.WriteString("| read | p50 | p99 | aim for p99 |\n| --- | --- | --- | --- |\n")
	for _, q := range questions() {
		taken, err := q.ask(ctx, service.reads)
		if err != nil {
			return "", fmt.Errorf("%s: %w", q.figure, err)
		}
		fmt.Fprintf(&b, "| %s | %.1f ms | %.1f ms | ≤ %.0f ms |\n", q.figure, ms(taken.quantile(0.5)), ms(taken.quantile(0.99)), ms(q.aim))
		fmt.Fprintf(os.Stderr, "reads: %s: p99 %.1f ms\n", q.figure, ms(taken.quantile(0.99)))
	}
	fmt.Fprintf(&b, "\n| figure | measured | limit of the same run |\n| --- | --- | --- |\n")
	for _, e := range []struct {
		figure, limit string
		read          func(context.Context, inventoryv1.InventoryServiceClient) (int, error)
	}{
		{"a full export, speed", "COPY instances TO STDOUT; aim ≥ 0.40", exportAll},
		{"all pages of 1,000, one after the other, speed", "COPY instances TO STDOUT", listAll},
	} {
		ratio, err := againstCopy(ctx, conn, service.reads, e.read)
		if err != nil {
			return "", fmt.Errorf("%s: %w", e.figure, err)
		}
		fmt.Fprintf(&b, "| %s | %.2f × | %s |\n", e.figure, ratio, e.limit)
	}
	return b.String(), nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// againstCopy alternates a read with COPY of the table, and returns the ratio.
func againstCopy(ctx context.Context, conn *pgx.Conn, client inventoryv1.InventoryServiceClient,
	read func(context.Context, inventoryv1.InventoryServiceClient) (int, error)) (float64, error) {
	const rounds = 3
	var copied, taken time.Duration
	for range rounds {
		began := time.Now()
		if _, err := conn.PgConn().CopyTo(ctx, io.Discard, `COPY instances TO STDOUT`); err != nil {
			return 0, err
		}
		copied += time.Since(began)
		began = time.Now()
		count, err := read(ctx, client)
		if err != nil {
			return 0, err
		}
		taken += time.Since(began)
		if count != readInstances {
			return 0, fmt.Errorf("read %d of %d instances", count, readInstances)
		}
	}
	return copied.Seconds() / taken.Seconds(), nil
}

// exportAll reads the whole inventory through ExportInstances.
func exportAll(ctx context.Context, client inventoryv1.InventoryServiceClient) (count int, err error) {
	stream, err := client.ExportInstances(ctx, &inventoryv1.ExportInstancesRequest{})
	if err != nil {
		return 0, err
	}
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return count, err
		}
		count += len(message.GetInstances())
	}
}

// listAll reads the whole inventory page by page.
func listAll(ctx context.Context, client inventoryv1.InventoryServiceClient) (count int, err error) {
	for token := ""; ; {
		page, err := client.ListInstances(ctx, &inventoryv1.ListInstancesRequest{PageSize: 1000, PageToken: token})
		if err != nil {
			return count, err
		}
		count += len(page.GetInstances())
		if token = page.GetNextPageToken(); token == "" {
			return count, nil
		}
	}
}

// fill applies a snapshot of every scope.
func fill(ctx context.Context, ingest inventoryv1.IngestServiceClient) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * runtime.NumCPU())
	for account := range readAccounts {
		for region := range readRegions {
			group.Go(func() error {
				scope := account*readRegions + region
				return observe(ctx, ingest, account, readRegion(region), 1, readPerScope, func(n int) *inventoryv1.Instance {
					return readInstance(scope*readPerScope+n, region)
				})
			})
		}
	}
	return group.Wait()
}

func readAccount(n int) string { return fmt.Sprintf("accounts/aws-1%011d", n) }
func readID(n int) string      { return fmt.Sprintf("i-%017x", n) }
func readName(n int) string    { return fmt.Sprintf("web-%d", n) }
func readAddress(n int) string { return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255) }

func readRegion(n int) string {
	return []string{"us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-central-1", "ap-south-1",
		"ap-southeast-1", "sa-east-1"}[n]
}

var readTypes = []string{
	"t3.micro", "t3.medium", "m6i.large", "m6i.xlarge", "m6i.2xlarge", "c6g.large", "c6g.4xlarge", "r6i.xlarge", "r6i.4xlarge", "m7g.large",
}

// readInstance returns a plausible virtual machine.
func readInstance(n, region int) *inventoryv1.Instance {
	random := rand.New(rand.NewPCG(1, uint64(n))) //nolint:gosec // the inventory is the same in each run
	place := readRegion(region)
	state := inventoryv1.Instance_RUNNING
	switch draw := random.IntN(1000); {
	case draw == 0:
		state = inventoryv1.Instance_FAILED
	case draw < 100:
		state = inventoryv1.Instance_STOPPED
	}
	return &inventoryv1.Instance{
		ProviderId: readID(n), ProviderUri: "arn:aws:ec2:" + place + ":100000000001:instance/" + readID(n), DisplayName: readName(n),
		Location: &commonv1.Location{Region: place, Zone: place + string(rune('a'+random.IntN(3)))},
		State:    state, ProviderState: strings.ToLower(state.String()), MachineType: readTypes[random.IntN(len(readTypes))],
		PrivateIps: []string{readAddress(n)},
		Labels: map[string]string{
			"Name": readName(n), "env": []string{"prod", "dev", "test"}[random.IntN(3)], "team": fmt.Sprintf("team-%d", random.IntN(200)),
			"cost-centre": fmt.Sprintf("cc-%d", random.IntN(5000)), "managed-by": "terraform",
		},
		Details: &inventoryv1.Instance_VirtualMachine{VirtualMachine: &inventoryv1.VirtualMachine{
			Image: "ami-0123456789abcdef0", Architecture: "x86_64", Platform: "Linux/UNIX", Network: "vpc-0123456789abcdef0",
			Subnet: "subnet-0123456789abcdef0", Hostname: "ip-10-0-0-1.ec2.internal",
		}},
	}
}

var errNoAnswer = errors.New("the inventory ended the stream without a result")
