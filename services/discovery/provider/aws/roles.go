package aws

import (
	"reflect"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

const (
	// roleSession is the name of Rollcall's sessions in the CloudTrail of the account.
	roleSession = "rollcall"
	// roleLife is how long a role is assumed: every role allows that, and a role that was assumed by
	// a role allows no more (IAM User Guide, "Role chaining").
	roleLife = time.Hour
	// roleSpare is how long before they expire credentials are renewed.
	roleSpare = 5 * time.Minute
	// roleUnused is how long unused credentials are kept.
	roleUnused = 2 * time.Hour
)

// roleCache keeps the credentials of assumed roles from run to run, until the settings of the account
// or of an account in its chain change.
type roleCache struct {
	mu    sync.Mutex
	roles map[string]*cachedRole // by account
}

type cachedRole struct {
	role        provider.AWSAssumeRole
	credentials aws.CredentialsProvider
	used        time.Time
}

// get returns the credentials of the account's role. It calls signIn if there are none yet.
func (c *roleCache) get(
	account string, role provider.AWSAssumeRole, signIn func() (aws.CredentialsProvider, error),
) (aws.CredentialsProvider, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for id, cached := range c.roles {
		if now.Sub(cached.used) > roleUnused {
			delete(c.roles, id)
		}
	}
	cached := c.roles[account]
	if cached == nil || !reflect.DeepEqual(cached.role, role) {
		credentials, err := signIn()
		if err != nil {
			return nil, err
		}
		cached = &cachedRole{role: role, credentials: credentials}
		if c.roles == nil {
			c.roles = map[string]*cachedRole{}
		}
		c.roles[account] = cached
	}
	cached.used = now
	return cached.credentials, nil
}

// drop removes the credentials of the account, so that its role is assumed again.
func (c *roleCache) drop(account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.roles, account)
}
