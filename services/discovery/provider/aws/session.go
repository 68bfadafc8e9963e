package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// session is the access to one account for one run.
type session struct {
	provider *Provider
	account  provider.Account
	config   aws.Config
	// homes are the regions for calls whose answer is the same in all regions.
	homes []string
	// how are the credentials of the account.
	how provider.Credentials
	// forget drops cached credentials after AWS rejected them.
	forget func()

	// principal is the ARN of the credentials, once it is known.
	principal string
}

// Identity returns the id of the account that the credentials belong to.
func (s *session) Identity(ctx context.Context) (string, error) {
	answer, err := inFirst(s.homes, unreachable, func(region string) (*sts.GetCallerIdentityOutput, error) {
		client := sts.NewFromConfig(s.config, func(o *sts.Options) { o.Region = region })
		at := call{service: "STS", region: region, permission: "sts:GetCallerIdentity"}
		return attempt(ctx, s.provider.homeLimit(), nil, s.failures(at), func(ctx context.Context) (*sts.GetCallerIdentityOutput, error) {
			return client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		})
	})
	if err != nil {
		return "", err
	}
	if aws.ToString(answer.Account) == "" {
		return "", provider.InvalidAnswer("STS did not return the account of the credentials")
	}
	s.principal = aws.ToString(answer.Arn)
	return *answer.Account, nil
}

// Scopes returns both kinds in every wanted region.
func (s *session) Scopes(ctx context.Context) ([]provider.PlannedScope, error) {
	enabled, err := s.enabledRegions(ctx)
	wanted := s.account.Regions
	switch {
	case err != nil && len(wanted) > 0 && isDenied(err):
		// The credentials can't list the enabled regions. A region that is not enabled accepts no
		// credentials, so reading its scopes fails with that reason.
		enabled = wanted
	case err != nil:
		return nil, err
	case len(enabled) == 0:
		return nil, provider.InvalidAnswer("EC2 lists no region that is enabled for the account")
	case len(wanted) == 0:
		wanted = enabled
	}
	wanted = slices.Clone(wanted)
	slices.Sort(wanted)
	var scopes []provider.PlannedScope
	for _, region := range slices.Compact(wanted) {
		var failure *fault.Error
		if !slices.Contains(enabled, region) {
			failure = fault.ForReason(fault.ReasonAPIDisabled,
				fmt.Sprintf("the region %s is not enabled for the account", region),
				fmt.Sprintf("Enable %s for the account, or remove it from the account's regions.", region), nil)
		}
		for _, kind := range []cloud.Kind{cloud.VirtualMachine, cloud.Database} {
			scopes = append(scopes, provider.PlannedScope{ScopeID: provider.ScopeID{Kind: kind, Location: region}, Failure: failure})
		}
	}
	return scopes, nil
}

// enabledRegions returns the regions that the account can use.
func (s *session) enabledRegions(ctx context.Context) ([]string, error) {
	answer, err := inFirst(s.homes, unreachableOrDenied, func(region string) (*ec2.DescribeRegionsOutput, error) {
		client := ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
		at := call{service: "EC2", region: region, permission: "ec2:DescribeRegions"}
		return attempt(ctx, s.provider.homeLimit(), nil, s.failures(at), func(ctx context.Context) (*ec2.DescribeRegionsOutput, error) {
			return client.DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(false)})
		})
	})
	if err != nil {
		return nil, err
	}
	var regions []string
	for _, region := range answer.Regions {
		if name := aws.ToString(region.RegionName); name != "" && aws.ToString(region.OptInStatus) != "not-opted-in" {
			regions = append(regions, name)
		}
	}
	return regions, nil
}

// Read lists a scope into sink.
func (s *session) Read(ctx context.Context, scope provider.ScopeID, sink provider.Sink) error {
	switch scope.Kind {
	case cloud.VirtualMachine:
		return s.readMachines(ctx, scope.Location, sink)
	case cloud.Database:
		return s.readDatabases(ctx, scope.Location, sink)
	}
	return fmt.Errorf("aws: scope of kind %s", scope.Kind.Plural())
}

// failures returns a function that classifies the errors of a call by this session.
func (s *session) failures(at call) func(context.Context, error) error {
	at.principal, at.by = s.principal, s.how
	return func(ctx context.Context, err error) error {
		err = at.classify(ctx, err)
		if reason := reasonOf(err); reason == fault.ReasonCredentialsInvalid || reason == fault.ReasonCredentialsExpired {
			s.forget()
		}
		return err
	}
}

// inFirst calls do in one region after the other until it succeeds or fails with an error that another
// region would return too. If all fail, it returns the first error.
func inFirst[T any](regions []string, curable func(error) bool, do func(region string) (T, error)) (T, error) {
	var (
		result T
		first  error
	)
	for _, region := range regions {
		var err error
		result, err = do(region)
		if err == nil {
			return result, nil
		}
		if first == nil {
			first = err
		}
		if !curable(err) {
			break
		}
	}
	return result, first
}

func reasonOf(err error) fault.Reason {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Reason
	}
	return ""
}

func isDenied(err error) bool { return reasonOf(err) == fault.ReasonPermissionDenied }

func unreachable(err error) bool {
	reason := reasonOf(err)
	return reason == fault.ReasonUnreachable || reason == fault.ReasonThrottled
}

func unreachableOrDenied(err error) bool { return unreachable(err) || isDenied(err) }
