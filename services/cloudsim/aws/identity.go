package aws

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Key is a credential: a long-lived access key, or a session's with Token and Expires.
type Key struct {
	AccessKeyID string
	Secret      string
	Token       string    // session keys only
	Expires     time.Time // session keys only
}

// Principal is who a request comes from.
type Principal struct {
	Account string
	ARN     string // arn:aws:iam::…:user/… or arn:aws:sts::…:assumed-role/…/…
	UserID  string
	Deny    []string // actions refused to it, see Role.Deny
	Key     Key
}

// Allowed tells whether the principal may call an action of a service, such as "ec2" and "StartInstances".
func (p Principal) Allowed(service, action string) bool {
	return !slices.ContainsFunc(p.Deny, func(rule string) bool {
		svc, act, _ := strings.Cut(rule, ":")
		if svc != "*" && svc != service {
			return false
		}
		prefix, wild := strings.CutSuffix(act, "*")
		return act == action || wild && strings.HasPrefix(action, prefix)
	})
}

// Role is what an account lets others become.
type Role struct {
	Name string
	// ExternalID must be presented to AssumeRole. Empty: none is asked for.
	ExternalID string
	// Trusts lists the accounts that may assume the role. Empty: every one.
	Trusts []string
	// Deny lists actions refused to its sessions: "ec2:StartInstances", "rds:*", "ec2:Describe*".
	Deny []string
	// MaxSession is the longest session. Zero means one hour, IAM's default.
	MaxSession time.Duration
}

// identities holds the access keys, sessions and roles of a world.
type identities struct {
	mu       sync.RWMutex
	seed     uint64
	fallback Role                 // stands in for roles that nobody described
	users    map[string]Principal // by access key id
	roles    map[string]Role      // by account/name
	revoked  map[string]bool      // access key ids
	expired  map[string]time.Time // account: sessions issued until then are over
	issued   uint64
}

func (s *identities) init(c *Cloud) {
	s.seed = c.world.Seed()
	s.fallback = Role{ExternalID: c.cfg.ExternalID}
	s.users = make(map[string]Principal)
	s.roles = make(map[string]Role)
	s.revoked = make(map[string]bool)
	s.expired = make(map[string]time.Time)
	for _, id := range c.order {
		key := c.Key(id)
		s.users[key.AccessKeyID] = Principal{
			Account: id, ARN: fmt.Sprintf("arn:aws:iam::%s:user/rollcall", id),
			UserID: "AIDA" + resourceLetters(cloudsim.Hash("user", id))[:17], Key: key,
		}
	}
}

// Key returns the long-lived access key of an account's user. It is the same in every world of one seed.
func (c *Cloud) Key(accountID string) Key {
	id := "AKIASIM0" + accountID
	return Key{AccessKeyID: id, Secret: secretFor(c.world.Seed(), id)}
}

// secretFor derives the 40 characters of an access key's secret.
func secretFor(seed uint64, id string) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(id), seed))
	return base64.StdEncoding.EncodeToString(sum[:30])
}

// RoleARN names a role of an account.
func RoleARN(accountID, name string) string {
	return "arn:aws:iam::" + accountID + ":role/" + name
}

// PutRole describes a role. Roles that nobody described exist too: they trust everyone, and ask for Config.ExternalID.
func (c *Cloud) PutRole(accountID string, role Role) {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	c.identities.roles[accountID+"/"+role.Name] = role
}

// RevokeKey makes a long-lived or session key unknown, as deleting it would.
func (c *Cloud) RevokeKey(accessKeyID string) {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	c.identities.revoked[accessKeyID] = true
}

// RestoreKey undoes RevokeKey.
func (c *Cloud) RestoreKey(accessKeyID string) {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	delete(c.identities.revoked, accessKeyID)
}

// ExpireSessions ends every session of an account that was issued until now.
func (c *Cloud) ExpireSessions(accountID string) {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	c.identities.expired[accountID] = c.world.Now()
}

// Authenticate finds out who an access key belongs to. Errors: ErrUnknownKey, ErrBadToken, ErrExpiredToken.
func (c *Cloud) Authenticate(accessKeyID, token string) (Principal, error) {
	s := &c.identities
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.revoked[accessKeyID] {
		return Principal{}, &cloudsim.ResourceError{Err: ErrUnknownKey, ID: accessKeyID}
	}
	if user, ok := s.users[accessKeyID]; ok {
		return user, nil
	}
	return s.session(accessKeyID, token, c.world.Now())
}

// AssumeRole opens a session in another account. Errors: ErrDenied, also for accounts that are not there, as IAM does
// not tell the two apart; ErrInvalid when duration is longer than the role allows.
func (c *Cloud) AssumeRole(caller Principal, roleARN, externalID, session string, duration time.Duration) (Principal, error) {
	accountID, name, ok := splitRoleARN(roleARN)
	denied := &cloudsim.ResourceError{Err: cloudsim.ErrDenied, ID: roleARN}
	if _, exists := c.accounts[accountID]; !ok || !exists {
		return Principal{}, denied
	}
	s := &c.identities
	s.mu.Lock()
	defer s.mu.Unlock()
	role, described := s.roles[accountID+"/"+name]
	if !described {
		role = s.fallback
	}
	if role.ExternalID != "" && role.ExternalID != externalID {
		return Principal{}, denied
	}
	if len(role.Trusts) > 0 && !slices.Contains(role.Trusts, caller.Account) {
		return Principal{}, denied
	}
	if longest := max(role.MaxSession, time.Hour); duration > longest {
		return Principal{}, &cloudsim.ResourceError{Err: cloudsim.ErrInvalid, ID: roleARN}
	}
	return s.issue(accountID, name, session, c.world.Now(), duration), nil
}

// splitRoleARN takes arn:aws:iam::ACCOUNT:role/NAME apart. Names may hold a path.
func splitRoleARN(arn string) (accountID, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::")
	if !ok {
		return "", "", false
	}
	accountID, resource, _ := strings.Cut(rest, ":")
	name, ok = strings.CutPrefix(resource, "role/")
	return accountID, name, ok && name != ""
}
