package aws

import (
	"reflect"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
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

// roleCache keeps assumed roles' credentials from run to run, for as long as the
// account's settings stay the same, and those of all accounts in its chain.
type roleCache struct {
	mu   sync.Mutex
	held map[string]*heldRole // by account
}

type heldRole struct {
	role        provider.AWSAssumeRole
	credentials aws.CredentialsProvider
	used        time.Time
}

// get is the account's role, by signIn unless it is held.
func (c *roleCache) get(
	account string, role provider.AWSAssumeRole, signIn func() (aws.CredentialsProvider, error),
) (aws.CredentialsProvider, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for id, held := range c.held {
		if now.Sub(held.used) > roleUnused {
			delete(c.held, id)
		}
	}
	held := c.held[account]
	if held == nil || !reflect.DeepEqual(held.role, role) {
		credentials, err := signIn()
		if err != nil {
			return nil, err
		}
		held = &heldRole{role: role, credentials: credentials}
		if c.held == nil {
			c.held = map[string]*heldRole{}
		}
		c.held[account] = held
	}
	held.used = now
	return held.credentials, nil
}

// drop has the account's role assumed anew next time.
func (c *roleCache) drop(account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, account)
}
