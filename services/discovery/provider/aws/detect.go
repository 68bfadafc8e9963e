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

// detectLimit bounds the call that Detect makes.
const detectLimit = 10 * time.Second

// ErrNoCredentials means that the environment has no AWS credentials.
var ErrNoCredentials = errors.New("there are no AWS credentials in the environment")

// Identity is the owner of credentials.
type Identity struct {
	// AccountID has 12 digits. ARN is the name of the user or role.
	AccountID, ARN string
}

// Detect returns the owner of the credentials in the environment: variables, shared files, web
// identity, container. It does not ask the metadata service of a virtual machine, because outside
// AWS that takes seconds to fail. It returns ErrNoCredentials if there are no credentials, and a
// *fault.Error if AWS does not accept them or does not answer.
func Detect(ctx context.Context) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, detectLimit)
	defer cancel()
	// The SDK's own client, because only that reads AWS_CA_BUNDLE.
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
