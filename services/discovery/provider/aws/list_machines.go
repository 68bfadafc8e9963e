package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// machinesPerPage is the largest page of DescribeInstances (EC2 API Reference).
const machinesPerPage = 1000

// readMachines lists the EC2 instances of a region.
func (s *session) readMachines(ctx context.Context, region string, sink provider.Sink) error {
	client := ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
	input := &ec2.DescribeInstancesInput{MaxResults: s.provider.pageSize(fewestMachines, machinesPerPage)}
	list := listing[*ec2.DescribeInstancesOutput]{
		session: s,
		at:      call{service: "EC2", region: region, permission: "ec2:DescribeInstances"},
		calls:   sink,
		read: func(ctx context.Context, token *string) (*ec2.DescribeInstancesOutput, error) {
			input.NextToken = token
			return client.DescribeInstances(ctx, input)
		},
		next: func(page *ec2.DescribeInstancesOutput) *string { return page.NextToken },
		pass: func(ctx context.Context, page *ec2.DescribeInstancesOutput) error {
			instances, err := s.machines(region, page)
			if err != nil {
				return err
			}
			return sink.Page(ctx, instances)
		},
	}
	return list.all(ctx)
}

// machines converts the instances of a page.
func (s *session) machines(region string, page *ec2.DescribeInstancesOutput) ([]provider.Instance, error) {
	count := 0
	for i := range page.Reservations {
		count += len(page.Reservations[i].Instances)
	}
	instances := make([]provider.Instance, 0, count)
	for i := range page.Reservations {
		reservation := &page.Reservations[i]
		owner := aws.ToString(reservation.OwnerId)
		if owner == "" {
			owner = s.account.CloudID
		}
		for j := range reservation.Instances {
			instance := machine(&reservation.Instances[j], region, owner)
			if instance.ProviderID == "" {
				return nil, provider.InvalidAnswer("EC2 in " + region + " sent an instance without an id")
			}
			instances = append(instances, instance)
		}
	}
	return instances, nil
}
