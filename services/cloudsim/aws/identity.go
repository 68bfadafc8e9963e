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

// Key is an access key: a long-lived one, or a session's with Token and Expires.
type Key struct {
	AccessKeyID string
	Secret      string
	Token       string    // session keys only
	Expires     time.Time // session keys only
}

// Principal is the identity that makes a request.
type Principal struct {
	Account string
	ARN     string // arn:aws:iam::…:user/… or arn:aws:sts::…:assumed-role/…/…
	UserID  string
	Deny    []string // denied actions, see Role.Deny
	Key     Key
}

// Allowed reports whether the principal may call an action of a service, such as "ec2" and
// "StartInstances".
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

// Role is a role of an account that principals can assume.
type Role struct {
	Name string
	// ExternalID is required by AssumeRole. Empty: none is required.
	ExternalID string
	// Trusts lists the accounts that may assume the role. Empty: all may.
	Trusts []string
	// Deny lists the actions that are denied to its sessions: "ec2:StartInstances", "rds:*",
	// "ec2:Describe*".
	Deny []string
	// MaxSession is the maximum duration of a session. Zero means one hour, IAM's default.
	MaxSession time.Duration
}

// identities holds the access keys, sessions and roles of a cloud.
type identities struct {
	mu       sync.RWMutex
	seed     uint64
	fallback Role                 // for roles without a description
	users    map[string]Principal // by access key id
	roles    map[string]Role      // by account/name
	revoked  map[string]bool      // access key ids
	expired  map[string]time.Time // by account: sessions issued until then are invalid
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

// Key returns the long-lived access key of an account's user. Worlds with the same seed have the
// same key.
func (c *Cloud) Key(accountID string) Key {
	id := "AKIASIM0" + accountID
	return Key{AccessKeyID: id, Secret: secretFor(c.world.Seed(), id)}
}

// secretFor derives the 40 characters of an access key's secret.
func secretFor(seed uint64, id string) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(id), seed))
	return base64.StdEncoding.EncodeToString(sum[:30])
}

// RoleARN returns the ARN of a role.
func RoleARN(accountID, name string) string {
	return "arn:aws:iam::" + accountID + ":role/" + name
}

// PutRole describes a role. Roles without a description exist too: they trust every account, and
// require Config.ExternalID.
func (c *Cloud) PutRole(accountID string, role Role) {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	c.identities.roles[accountID+"/"+role.Name] = role
}

// RevokeKey makes a long-lived or session key unknown, like its deletion.
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

// ExpireSessions invalidates every session of an account that was issued until now.
func (c *Cloud) ExpireSessions(accountID string) {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	c.identities.expired[accountID] = c.world.Now()
}

// Authenticate returns the owner of an access key. Errors: ErrUnknownKey, ErrBadToken,
// ErrExpiredToken.
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

// AssumeRole creates a session of a role. Errors: ErrDenied, also for accounts that do not exist,
// because IAM does not distinguish the two; ErrInvalid if duration exceeds the role's maximum.
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

// splitRoleARN splits arn:aws:iam::ACCOUNT:role/NAME. NAME may contain a path.
func splitRoleARN(arn string) (accountID, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::")
	if !ok {
		return "", "", false
	}
	accountID, resource, _ := strings.Cut(rest, ":")
	name, ok = strings.CutPrefix(resource, "role/")
	return accountID, name, ok && name != ""
}
