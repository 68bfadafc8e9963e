package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
)

// world returns the configuration of the simulated cloud, which is the same in every process.
func world(s size) cloudsim.Config {
	return cloudsim.Config{Seed: 1, Clouds: cloudsim.Clouds{simaws.Config{
		Accounts: s.accounts, Regions: simaws.DefaultRegions(s.regions), Instances: s.instances, Databases: s.databases,
		IgnoreSignatures: true,
	}}}
}

// serveCloud serves the simulated cloud until ctx ends, or until the bench that started it closes
// stdin by ending.
func serveCloud(ctx context.Context, addr string, s size) error {
	server, err := simaws.ServeOn(cloudsim.New(world(s)), addr)
	if err != nil {
		return err
	}
	awaitEnd(ctx)
	return server.Close()
}

// awaitEnd waits until ctx ends or stdin is closed.
func awaitEnd(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	<-ctx.Done()
}

// startCloud starts this program again as the simulated cloud.
func startCloud(ctx context.Context, s size) (url string, stop func(), err error) {
	return startSelf(ctx, "-accounts", fmt.Sprint(s.accounts), "-regions", fmt.Sprint(s.regions),
		"-instances", fmt.Sprint(s.instances), "-databases", fmt.Sprint(s.databases))
}

// startSelf starts this program again as a simulated cloud, and waits until it accepts connections.
func startSelf(ctx context.Context, flags ...string) (url string, stop func(), err error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return "", nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"-serve-cloud", addr}, flags...)...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}
	if err := eventually(ctx, time.Minute, func() error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}); err != nil {
		stop()
		return "", nil, fmt.Errorf("the simulated cloud did not start: %w", err)
	}
	return "http://" + addr, stop, nil
}

// listBare lists everything with the bare SDK, several accounts, regions and kinds in parallel, and
// returns the number of instances. Its duration is the limit.
func listBare(ctx context.Context, url string, s size, parallel int) (int, error) {
	w := simaws.In(cloudsim.New(cloudsim.Config{Seed: 1, Clouds: cloudsim.Clouds{simaws.Config{Accounts: s.accounts}}}))
	var count atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, account := range w.Accounts() {
		key := w.Key(account)
		cfg, err := config.LoadDefaultConfig(ctx, config.WithBaseEndpoint(url), config.WithRegion("us-east-1"),
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.Secret, "")))
		if err != nil {
			return 0, err
		}
		for _, region := range simaws.DefaultRegions(s.regions) {
			group.Go(func() error { return listMachines(ctx, cfg, region, &count) })
			group.Go(func() error { return listDatabases(ctx, cfg, region, &count) })
		}
	}
	err := group.Wait()
	return int(count.Load()), err
}

func listMachines(ctx context.Context, cfg aws.Config, region string, count *atomic.Int64) error {
	client := ec2.NewFromConfig(cfg, func(o *ec2.Options) { o.Region = region })
	pages := ec2.NewDescribeInstancesPaginator(client, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range page.Reservations {
			count.Add(int64(len(r.Instances)))
		}
	}
	return nil
}

func listDatabases(ctx context.Context, cfg aws.Config, region string, count *atomic.Int64) error {
	client := rds.NewFromConfig(cfg, func(o *rds.Options) { o.Region = region })
	pages := rds.NewDescribeDBInstancesPaginator(client, &rds.DescribeDBInstancesInput{MaxRecords: aws.Int32(100)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		count.Add(int64(len(page.DBInstances)))
	}
	return nil
}

// freeAddr returns a loopback address that was free a moment ago.
func freeAddr(ctx context.Context) (string, error) {
	var config net.ListenConfig
	lis, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = lis.Close() }()
	return lis.Addr().String(), nil
}

// eventually calls try until it succeeds or limit has passed.
func eventually(ctx context.Context, limit time.Duration, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
