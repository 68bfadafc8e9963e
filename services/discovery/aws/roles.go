package aws

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

const (
	// roleSession names our sessions in the account's CloudTrail.
	roleSession = "rollcall"
	// roleLife is for how long a role is assumed: what every role allows, and the
	// most that a role assumed from a role allows (IAM User Guide, "Role
	// chaining").
	roleLife = time.Hour
	// roleSpare is how long before their end credentials are renewed.
	roleSpare = 5 * time.Minute
	// roleUnused is after how long credentials that nobody asked for are dropped.
	roleUnused = 2 * time.Hour
)

// assume is a provider of a role's credentials, asking STS in the first of homes
// that answers.
func (p *Provider) assume(base aws.Config, role discovery.AWSAssumeRole, homes []string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		return inFirst(homes, unreachable, func(region string) (aws.Credentials, error) {
			client := sts.NewFromConfig(base, func(o *sts.Options) { o.Region = region })
			assumed := stscreds.NewAssumeRoleProvider(client, role.RoleARN, func(o *stscreds.AssumeRoleOptions) {
				o.RoleSessionName = roleSession
				o.Duration = roleLife
				if role.ExternalID != "" {
					o.ExternalID = aws.String(role.ExternalID)
				}
			})
			at := call{service: "STS", region: region, permission: "sts:AssumeRole", role: &role}
			return attempt(ctx, p.homeLimit(), nil, at.classify, assumed.Retrieve)
		})
	})
}

// roleCache keeps assumed roles' credentials from run to run, for as long as the
// account's settings stay the same.
type roleCache struct {
	mu   sync.Mutex
	held map[string]*heldRole // by account
}

type heldRole struct {
	role  discovery.AWSAssumeRole
	cache *aws.CredentialsCache
	used  time.Time
}

func (c *roleCache) get(account string, role discovery.AWSAssumeRole, assume func() aws.CredentialsProvider) aws.CredentialsProvider {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for id, held := range c.held {
		if now.Sub(held.used) > roleUnused {
			delete(c.held, id)
		}
	}
	held := c.held[account]
	if held == nil || held.role != role {
		held = &heldRole{role: role, cache: aws.NewCredentialsCache(assume(), func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = roleSpare
		})}
		if c.held == nil {
			c.held = map[string]*heldRole{}
		}
		c.held[account] = held
	}
	held.used = now
	return held.cache
}

// drop has the account's role assumed anew next time.
func (c *roleCache) drop(account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, account)
}

// chain marks errors of the default credential chain, so that they can be told
// from the cloud's.
type chain struct{ inner aws.CredentialsProvider }

// chainError says that the default credential chain gave nothing.
type chainError struct{ err error }

func (e *chainError) Error() string { return e.err.Error() }
func (e *chainError) Unwrap() error { return e.err }

// Retrieve asks the chain.
func (c *chain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := c.inner.Retrieve(ctx)
	if err != nil {
		return credentials, &chainError{err}
	}
	return credentials, nil
}
