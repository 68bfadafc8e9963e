package aws

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// detectLimit bounds the one call that Detect makes.
const detectLimit = 10 * time.Second

// ErrNoCredentials says that the usual environment holds no AWS credentials.
var ErrNoCredentials = errors.New("there are no AWS credentials in the environment")

// Identity is whose credentials they are.
type Identity struct {
	// AccountID is 12 digits; ARN names the user or role.
	AccountID, ARN string
}

// Detect tells whose credentials the usual environment holds: variables, shared
// files, web identity, container. The metadata service of a virtual machine is
// not asked, for off AWS that takes seconds to find out. ErrNoCredentials when
// there are none; a *fault.Error when there are and AWS does not take
// them, or does not answer.
func Detect(ctx context.Context) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, detectLimit)
	defer cancel()
	// The SDK's own client, which alone takes in AWS_CA_BUNDLE.
	cfg, err := config.LoadDefaultConfig(ctx, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	if err != nil {
		return Identity{}, errors.Join(ErrNoCredentials, err)
	}
	if cfg.Region == "" {
		cfg.Region = defaultRegion
	}
	cfg.Credentials = &chain{inner: cfg.Credentials}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return Identity{}, errors.Join(ErrNoCredentials, err)
	}
	cfg.APIOptions = append(cfg.APIOptions, checkAnswers)
	answer, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, call{service: "STS", region: cfg.Region, permission: "sts:GetCallerIdentity"}.classify(ctx, err)
	}
	return Identity{AccountID: aws.ToString(answer.Account), ARN: aws.ToString(answer.Arn)}, nil
}
