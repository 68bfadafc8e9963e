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
// there are none; a *discovery.Failure when there are and AWS does not take
// them, or does not answer.
func Detect(ctx context.Context) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, detectLimit)
	defer cancel()
	client := newHTTPClient(detectLimit)
	defer client.CloseIdleConnections()
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithHTTPClient(client), config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
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
	answer, err := sts.NewFromConfig(cfg, func(o *sts.Options) {
		o.APIOptions = append(o.APIOptions, checkAnswers)
	}).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, classify(ctx, err, call{
			service: "STS", region: cfg.Region, permission: "sts:GetCallerIdentity", method: "the default credential chain",
		})
	}
	return Identity{AccountID: aws.ToString(answer.Account), ARN: aws.ToString(answer.Arn)}, nil
}
