package aws

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// dryRunDone is the error code of a dry run that succeeded (EC2 API Reference, "Error codes").
const dryRunDone = "DryRunOperation"

// change is a permission to change machines.
type change struct {
	permission string
	// on is the state in which the call changes nothing, in case an endpoint ignores DryRun.
	on types.InstanceStateName
	do func(ctx context.Context, client *ec2.Client, id string) error
}

var changes = []change{
	{"ec2:StartInstances", types.InstanceStateNameRunning, func(ctx context.Context, client *ec2.Client, id string) error {
		_, err := client.StartInstances(ctx, &ec2.StartInstancesInput{DryRun: aws.Bool(true), InstanceIds: []string{id}})
		return err
	}},
	{"ec2:StopInstances", types.InstanceStateNameStopped, func(ctx context.Context, client *ec2.Client, id string) error {
		_, err := client.StopInstances(ctx, &ec2.StopInstancesInput{DryRun: aws.Bool(true), InstanceIds: []string{id}})
		return err
	}},
}

// tryLifecycle tries the permissions to change machines and databases, each in one region after the
// other until one answers.
func (s *session) tryLifecycle(ctx context.Context, regions []string) []provider.Permission {
	tried := append(s.tryMachineChanges(ctx, regions), s.trySpotRequests(ctx, regions))
	return append(tried, s.tryDatabaseChanges(ctx, regions)...)
}

// trySpotRequests tries the permission to read spot requests, which shows before a stop which spot
// instances can't be stopped.
func (s *session) trySpotRequests(ctx context.Context, regions []string) provider.Permission {
	const permission = "ec2:DescribeSpotInstanceRequests"
	result := provider.Permission{Name: permission, Status: provider.CantTell}
	for _, region := range regions {
		client := ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
		at := call{service: "EC2", region: region, permission: permission, optional: true}
		result = provider.TriedPermission(permission, region, s.try(ctx, at, func(ctx context.Context) error {
			_, err := client.DescribeSpotInstanceRequests(ctx, &ec2.DescribeSpotInstanceRequestsInput{MaxResults: aws.Int32(fewestMachines)})
			return err
		}))
		if result.Status != provider.CantTell {
			break
		}
	}
	result.Optional = true
	return result
}

// tryMachineChanges tries the permissions of EC2 with dry runs.
func (s *session) tryMachineChanges(ctx context.Context, regions []string) []provider.Permission {
	var tried []provider.Permission
	for _, change := range changes {
		result := provider.Permission{
			Name: change.permission, Status: provider.CantTell, Failure: noMachine(change.permission, string(change.on)),
		}
		for _, region := range regions {
			id, err := s.machineThatIs(ctx, region, change.on)
			if err != nil || id == "" {
				continue // ec2:DescribeInstances has the reason.
			}
			if result = s.tryChange(ctx, region, id, change); result.Status != provider.CantTell {
				break
			}
		}
		result.Optional = true
		tried = append(tried, result)
	}
	return tried
}

// tryChange tries one permission on one machine.
func (s *session) tryChange(ctx context.Context, region, id string, change change) provider.Permission {
	client := ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
	at := call{service: "EC2", region: region, permission: change.permission, optional: true}
	err := s.try(ctx, at, func(ctx context.Context) error {
		err := change.do(ctx, client, id)
		if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == dryRunDone {
			return nil
		}
		return err
	})
	return provider.TriedPermission(change.permission, region, err)
}

// machineThatIs returns the id of some machine in the state, or "" if the first page has none.
func (s *session) machineThatIs(ctx context.Context, region string, state types.InstanceStateName) (string, error) {
	client := ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
	at := call{service: "EC2", region: region, permission: "ec2:DescribeInstances"}
	id := ""
	err := s.try(ctx, at, func(ctx context.Context) error {
		page, err := client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{
			MaxResults: aws.Int32(fewestMachines),
			Filters:    []types.Filter{{Name: aws.String("instance-state-name"), Values: []string{string(state)}}},
		})
		if err != nil {
			return err
		}
		for i := range page.Reservations {
			for j := range page.Reservations[i].Instances {
				if machine := &page.Reservations[i].Instances[j]; machine.State != nil && machine.State.Name == state {
					id = aws.ToString(machine.InstanceId)
				}
			}
		}
		return nil
	})
	return id, err
}
