package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// machinesAPage is the most that DescribeInstances gives at once (EC2 API
// Reference).
const machinesAPage = 1000

// readMachines lists a region's EC2 instances.
func (s *session) readMachines(ctx context.Context, region string, sink provider.Sink) error {
	client := ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
	pages := ec2.NewDescribeInstancesPaginator(client, &ec2.DescribeInstancesInput{MaxResults: s.provider.pageSize(fewestMachines, machinesAPage)})
	list := listing[*ec2.DescribeInstancesOutput]{
		session: s,
		at:      call{service: "EC2", region: region, permission: "ec2:DescribeInstances"},
		calls:   sink,
		more:    pages.HasMorePages,
		read:    func(ctx context.Context) (*ec2.DescribeInstancesOutput, error) { return pages.NextPage(ctx) },
		token:   func(page *ec2.DescribeInstancesOutput) *string { return page.NextToken },
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

// machines are a page's instances.
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
				return nil, nonsense("EC2 in " + region + " sent an instance without an id")
			}
			instances = append(instances, instance)
		}
	}
	return instances, nil
}
