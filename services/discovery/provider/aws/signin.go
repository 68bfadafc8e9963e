package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// signIn returns a source of the credentials that how describes. The source of a role caches them.
// Roles are assumed in the first of the home regions that answers.
func (p *Provider) signIn(base aws.Config, how provider.Credentials, homes []string) (aws.CredentialsProvider, error) {
	switch how := how.(type) {
	case nil, provider.AWSDefault:
		return base.Credentials, nil
	case provider.AWSAccessKey:
		return credentials.NewStaticCredentialsProvider(how.ID, how.Secret.Reveal(), ""), nil
	case provider.AWSAssumeRole:
		source, err := p.signIn(base, how.Source, homes)
		if err != nil {
			return nil, err
		}
		base.Credentials = source
		return aws.NewCredentialsCache(p.assume(base, how, homes), func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = roleSpare
		}), nil
	}
	return nil, fmt.Errorf("aws: credentials of type %T", how)
}

// assume returns a source of the credentials of a role, which the credentials of source assume.
func (p *Provider) assume(source aws.Config, role provider.AWSAssumeRole, homes []string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		return inFirst(homes, unreachable, func(region string) (aws.Credentials, error) {
			client := sts.NewFromConfig(source, func(o *sts.Options) { o.Region = region })
			assumed := stscreds.NewAssumeRoleProvider(client, role.RoleARN, func(o *stscreds.AssumeRoleOptions) {
				o.RoleSessionName = roleSession
				o.Duration = roleLife
				o.Tags = sessionTags(role.SessionTags)
				if role.ExternalID != "" {
					o.ExternalID = aws.String(role.ExternalID)
				}
			})
			at := call{service: "STS", region: region, permission: "sts:AssumeRole", by: role.Source, role: &role}
			return attempt(ctx, p.homeLimit(), nil, at.classify, assumed.Retrieve)
		})
	})
}

// sessionTags converts tags for STS, sorted by key.
func sessionTags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

// chain marks the errors of the default credential chain, to distinguish them from those of AWS.
type chain struct{ inner aws.CredentialsProvider }

// chainError means that the default credential chain returned nothing.
type chainError struct{ err error }

func (e *chainError) Error() string { return e.err.Error() }
func (e *chainError) Unwrap() error { return e.err }

// Retrieve returns the credentials of the chain.
func (c *chain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := c.inner.Retrieve(ctx)
	if err != nil {
		return credentials, &chainError{err}
	}
	return credentials, nil
}
