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
	// machinesAsked are asked for in one call: a filter may have 200 values, and
	// ids are told in an error's message.
	machinesAsked = 100
	// refusals are how many ids AWS may refuse, one call after the other, before
	// the rest is asked for in a way that refuses none: it names malformed ids one
	// at a time.
	refusals = 3
)

// The errors that say of ids that there are none (EC2 API Reference, "Error
// codes").
const (
	noMachineCode   = "InvalidInstanceID.NotFound"
	malformedIDCode = "InvalidInstanceID.Malformed"
)

// Their messages, in which alone the ids are. One in another form is not relied
// on: simulators are known that name all ids of the call.
var (
	noMachineText   = regexp.MustCompile(`^The instance IDs? '([^']+)' do(?:es)? not exist$`)
	malformedIDText = regexp.MustCompile(`^Invalid id: "([^"]+)"`)
)

// findMachines asks EC2 for instances by their ids.
func (s *session) findMachines(ctx context.Context, region string, answers *providerkit.Probe, calls provider.Calls) {
	askAll(ctx, answers, answers.Pending(), machinesAsked, func(chunk []provider.Wanted) error {
		ids := idsOf(chunk)
		for range refusals {
			err := s.describeMachines(ctx, region, &ec2.DescribeInstancesInput{InstanceIds: ids}, answers, calls)
			if err == nil {
				sayUnlisted(answers, ids)
				return nil
			}
			refused := refusedIDs(err, ids)
			if len(refused) == 0 {
				if code := codeOf(err); code != noMachineCode && code != malformedIDCode {
					return err
				}
				break // It refuses some, and can't be understood as to which.
			}
			for _, id := range refused {
				answers.RecordEvidence(id, provider.NotFound)
			}
			if ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(refused, id) }); len(ids) == 0 {
				return nil
			}
		}
		err := s.describeMachines(ctx, region, &ec2.DescribeInstancesInput{
			MaxResults: aws.Int32(machinesAPage),
			Filters:    []types.Filter{{Name: aws.String("instance-id"), Values: ids}},
		}, answers, calls)
		if err == nil {
			sayUnlisted(answers, ids)
		}
		return err
	})
}

// refusedIDs are those of the asked ids of which an error says that there are
// none.
func refusedIDs(err error, asked []string) []string {
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

// sayUnlisted says of ids that were asked for without an error that no answer
// had them, unless it had.
func sayUnlisted(answers *providerkit.Probe, ids []string) {
	for _, id := range ids {
		answers.RecordEvidence(id, provider.Unlisted)
	}
}

// describeMachines takes all pages of one question.
func (s *session) describeMachines(
	ctx context.Context, region string, input *ec2.DescribeInstancesInput, answers *providerkit.Probe, calls provider.Calls,
) error {
	client := ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
	pages := ec2.NewDescribeInstancesPaginator(client, input)
	list := listing[*ec2.DescribeInstancesOutput]{
		session: s,
		at:      call{service: "EC2", region: region, permission: "ec2:DescribeInstances"},
		calls:   calls,
		more:    pages.HasMorePages,
		read:    func(ctx context.Context) (*ec2.DescribeInstancesOutput, error) { return pages.NextPage(ctx) },
		token:   func(page *ec2.DescribeInstancesOutput) *string { return page.NextToken },
		pass: func(_ context.Context, page *ec2.DescribeInstancesOutput) error {
			instances, err := s.machines(region, page)
			for i := range instances {
				answers.RecordFound(instances[i])
			}
			return err
		},
	}
	return list.all(ctx)
}
