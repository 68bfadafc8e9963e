package aws

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

const (
	// machinesPerCall is the number of ids in one call. A filter may have 200 values, and an error
	// message lists the unknown ids.
	machinesPerCall = 100
	// maxRejections is how often AWS may reject ids of a chunk before the rest is asked for with a
	// filter, which rejects none: AWS names malformed ids one at a time.
	maxRejections = 3
)

// The error codes for ids that do not exist (EC2 API Reference, "Error codes").
const (
	noMachineCode   = "InvalidInstanceID.NotFound"
	malformedIDCode = "InvalidInstanceID.Malformed"
)

// The messages of these errors, which contain the ids. A message in another form is ignored: some
// simulators list all ids of the call.
var (
	noMachineText   = regexp.MustCompile(`^The instance IDs? '([^']+)' do(?:es)? not exist$`)
	malformedIDText = regexp.MustCompile(`^Invalid id: "([^"]+)"`)
)

// probeMachines asks EC2 for instances by their ids.
func (s *session) probeMachines(ctx context.Context, region string, probe *providerkit.Probe, calls provider.Calls) {
	_ = probe.EachChunk(ctx, probe.Pending(), machinesPerCall, func(chunk []provider.Wanted) error {
		ids := idsOf(chunk)
		for range maxRejections {
			err := s.describeMachines(ctx, region, &ec2.DescribeInstancesInput{InstanceIds: ids}, probe, calls)
			if err == nil {
				probe.RecordUnlisted(ids)
				return nil
			}
			rejected := rejectedIDs(err, ids)
			if len(rejected) == 0 {
				if code := codeOf(err); code != noMachineCode && code != malformedIDCode {
					return err
				}
				break // It rejects some, and the message does not show which.
			}
			for _, id := range rejected {
				probe.RecordEvidence(id, provider.NotFound)
			}
			if ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(rejected, id) }); len(ids) == 0 {
				return nil
			}
		}
		err := s.describeMachines(ctx, region, &ec2.DescribeInstancesInput{
			MaxResults: aws.Int32(machinesPerPage),
			Filters:    []types.Filter{{Name: aws.String("instance-id"), Values: ids}},
		}, probe, calls)
		if err == nil {
			probe.RecordUnlisted(ids)
		}
		return err
	})
}

// rejectedIDs returns those of the ids that do not exist, according to an error.
func rejectedIDs(err error, asked []string) []string {
	failure := provider.FaultOf(err)
	text := noMachineText
	switch codeOf(failure) {
	case noMachineCode:
	case malformedIDCode:
		text = malformedIDText
	default:
		return nil
	}
	match := text.FindStringSubmatch(messageOf(failure))
	if match == nil {
		return nil
	}
	named := strings.Split(match[1], ", ")
	return slices.DeleteFunc(slices.Clone(asked), func(id string) bool { return !slices.Contains(named, id) })
}

// describeMachines records the instances on all pages of one list.
func (s *session) describeMachines(
	ctx context.Context, region string, input *ec2.DescribeInstancesInput, probe *providerkit.Probe, calls provider.Calls,
) error {
	client := ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
	list := listing[*ec2.DescribeInstancesOutput]{
		session: s,
		at:      call{service: "EC2", region: region, permission: "ec2:DescribeInstances"},
		calls:   calls,
		read: func(ctx context.Context, token *string) (*ec2.DescribeInstancesOutput, error) {
			input.NextToken = token
			return client.DescribeInstances(ctx, input)
		},
		next: func(page *ec2.DescribeInstancesOutput) *string { return page.NextToken },
		pass: func(_ context.Context, page *ec2.DescribeInstancesOutput) error {
			instances, err := s.machines(region, page)
			for i := range instances {
				probe.RecordFound(instances[i])
			}
			return err
		},
	}
	return list.all(ctx)
}
