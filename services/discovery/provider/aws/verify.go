package aws

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	// regionsTried is the number of regions in which permissions are tried. Policies mostly differ
	// between the home region and the others only.
	regionsTried = 2
	// fewestMachines and fewestDatabases are the smallest page sizes (EC2 and RDS API References).
	fewestMachines  = 5
	fewestDatabases = 20
)

// Principal returns the ARN of the credentials, once it is known.
func (s *session) Principal() string { return s.principal }

// Permissions tries every permission that Rollcall uses, in a few regions.
func (s *session) Permissions(ctx context.Context) []provider.Permission {
	tried := []provider.Permission{provider.TriedPermission("sts:GetCallerIdentity", "", nil)} // Identity succeeded.
	enabled, err := s.enabledRegions(ctx)
	tried = append(tried, provider.TriedPermission("ec2:DescribeRegions", "", err))
	regions := s.regionsToTry(enabled)
	var each [regionsTried][]provider.Permission
	var lifecycle []provider.Permission
	var all sync.WaitGroup
	for i, region := range regions {
		all.Go(func() { each[i] = s.tryReads(ctx, region) })
	}
	all.Go(func() { lifecycle = s.tryLifecycle(ctx, regions) })
	all.Wait()
	return slices.Concat(tried, slices.Concat(each[:]...), lifecycle)
}

// regionsToTry returns some wanted and enabled regions, home regions first.
func (s *session) regionsToTry(enabled []string) []string {
	var regions []string
	add := func(candidates []string, fits func(string) bool) {
		for _, region := range candidates {
			if len(regions) < regionsTried && !slices.Contains(regions, region) && fits(region) {
				regions = append(regions, region)
			}
		}
	}
	wanted := s.account.Regions
	if len(wanted) == 0 {
		wanted = enabled
	}
	usable := func(region string) bool {
		return slices.Contains(wanted, region) && (len(enabled) == 0 || slices.Contains(enabled, region))
	}
	add(s.homes, usable)
	add(wanted, usable)
	if len(regions) == 0 { // The enabled regions are unknown, or no wanted region is enabled.
		add(wanted, func(string) bool { return true })
		add(s.homes, func(string) bool { return true })
	}
	return regions
}

// tryReads concurrently tries the permissions that reading a region needs.
func (s *session) tryReads(ctx context.Context, region string) []provider.Permission {
	machines := ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
	databases := rds.NewFromConfig(s.config, func(o *rds.Options) { o.Region = region })
	tries := []struct {
		service, permission string
		do                  func(context.Context) error
	}{
		{"EC2", "ec2:DescribeInstances", func(ctx context.Context) error {
			_, err := machines.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(fewestMachines)})
			return err
		}},
		{"RDS", "rds:DescribeDBInstances", func(ctx context.Context) error {
			_, err := databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{MaxRecords: aws.Int32(fewestDatabases)})
			return err
		}},
		{"RDS", "rds:DescribeDBClusters", func(ctx context.Context) error {
			_, err := databases.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{MaxRecords: aws.Int32(fewestDatabases)})
			return err
		}},
	}
	tried := make([]provider.Permission, len(tries))
	var all sync.WaitGroup
	for i, try := range tries {
		all.Go(func() {
			at := call{service: try.service, region: region, permission: try.permission}
			tried[i] = provider.TriedPermission(try.permission, region, s.try(ctx, at, try.do))
		})
	}
	all.Wait()
	return tried
}

// try makes one call and classifies its error.
func (s *session) try(ctx context.Context, at call, do func(context.Context) error) error {
	_, err := attempt(ctx, s.provider.homeLimit(), nil, s.failures(at), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, do(ctx)
	})
	return err
}

// noMachine returns why a permission to change machines could not be tried.
func noMachine(permission, state string) *fault.Error {
	return fault.ForReason(fault.ReasonInternal,
		fmt.Sprintf("%s can be tried only on a %s instance, where it changes nothing, and none was found", permission, state),
		"Nothing: accounts are read without it. It can be tried once there is such an instance.", nil)
}
