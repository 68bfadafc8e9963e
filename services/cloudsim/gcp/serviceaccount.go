package gcp

import (
	"crypto/rsa"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// ServiceAccount is a service account of a project with its key.
type ServiceAccount struct {
	Project  string
	Email    string
	UniqueID string // 21 digits
	KeyID    string // 40 hexadecimal digits
	Key      *rsa.PrivateKey
}

// DefaultServiceAccount is the name of the service account of every project.
const DefaultServiceAccount = "rollcall"

// ServiceAccountEmail returns the email of a service account of a project.
func ServiceAccountEmail(projectID, name string) string {
	return name + "@" + projectID + ".iam.gserviceaccount.com"
}

// identities holds the permissions of principals in the cloud's projects.
type identities struct {
	seed uint64

	mu       sync.RWMutex
	revoked  map[string]bool                // key ids
	disabled map[string]bool                // project/service
	denied   map[string][]string            // permission patterns by project/principal
	trusts   map[string][]string            // principals that may impersonate, by the email of the service account
	over     map[string]int64               // by home project: tokens issued until then, in Unix nanoseconds, are invalid
	members  map[string]map[string]struct{} // principals with access to a project
}

func (g *identities) init(c *Cloud) {
	g.seed = c.world.Seed()
	g.revoked = make(map[string]bool)
	g.disabled = make(map[string]bool)
	g.denied = make(map[string][]string)
	g.trusts = make(map[string][]string)
	g.over = make(map[string]int64)
	g.members = make(map[string]map[string]struct{})
	for _, plan := range c.cfg.Projects {
		members := map[string]struct{}{ServiceAccountEmail(plan.ID, DefaultServiceAccount): {}}
		for _, email := range plan.Members {
			members[email] = struct{}{}
		}
		g.members[plan.ID] = members
	}
}

// ServiceAccount returns the default service account of a project. Worlds with the same seed have
// the same key; its first generation takes about 100 ms. Error: ErrNoProject.
func (c *Cloud) ServiceAccount(projectID string) (ServiceAccount, error) {
	p, ok := c.projects[projectID]
	if !ok {
		return ServiceAccount{}, &cloudsim.ResourceError{Err: ErrNoProject, ID: projectID}
	}
	email := ServiceAccountEmail(projectID, DefaultServiceAccount)
	return ServiceAccount{
		Project: projectID, Email: email, UniqueID: fmt.Sprintf("1%020d", cloudsim.Mix(p.entropy, 3)),
		KeyID: keyID(c.world.Seed(), email), Key: derivedKey(c.world.Seed(), email),
	}, nil
}

// keyID derives the 40 hexadecimal digits of a key's id.
func keyID(seed uint64, email string) string {
	h := cloudsim.Hash("key", email) ^ seed
	return fmt.Sprintf("%016x%016x%08x", cloudsim.Mix(h, 1), cloudsim.Mix(h, 2), uint32(cloudsim.Mix(h, 3)))
}

// derived caches the keys of this process, because the generation of a key takes about 100 ms.
var derived struct {
	sync.Mutex
	keys map[string]*rsa.PrivateKey // by seed and email
}

// derivedKey returns the private key of a service account.
func derivedKey(seed uint64, email string) *rsa.PrivateKey {
	derived.Lock()
	defer derived.Unlock()
	name := strconv.FormatUint(seed, 10) + "/" + email
	key, ok := derived.keys[name]
	if !ok {
		key = deriveKey(seed, email)
		if derived.keys == nil {
			derived.keys = make(map[string]*rsa.PrivateKey)
		}
		derived.keys[name] = key
	}
	return key
}

// deriveKey derives an RSA key of 2048 bits from a seed. crypto/rsa rightly refuses to do that:
// such a key protects nothing but a simulation.
func deriveKey(seed uint64, email string) *rsa.PrivateKey {
	const exponent = 65537
	var material [32]byte
	binary.BigEndian.PutUint64(material[:], seed)
	binary.BigEndian.PutUint64(material[8:], cloudsim.Hash("rsa", email))
	source := rand.NewChaCha8(material)
	for {
		p, q := derivePrime(source), derivePrime(source)
		one := big.NewInt(1)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(big.NewInt(exponent), phi)
		if d == nil || p.Cmp(q) == 0 {
			continue
		}
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: exponent}, D: d, Primes: []*big.Int{p, q}}
		key.Precompute()
		if key.Validate() == nil {
			return key
		}
	}
}

// derivePrime returns a prime of 1024 bits with the upper two set, so that the product of two has
// 2048 bits.
func derivePrime(source *rand.ChaCha8) *big.Int {
	raw := make([]byte, 128)
	_, _ = source.Read(raw) // a ChaCha8 never fails
	raw[0] |= 0xc0
	raw[127] |= 1
	candidate, two := new(big.Int).SetBytes(raw), big.NewInt(2)
	for !candidate.ProbablyPrime(10) {
		candidate.Add(candidate, two)
	}
	return candidate
}

// RevokeServiceAccountKey makes a project's key unknown, like its deletion: it yields no new
// tokens. Issued tokens stay valid until they expire; see ExpireTokens.
func (c *Cloud) RevokeServiceAccountKey(projectID string) {
	c.identities.setRevoked(c.world.Seed(), projectID, true)
}

// RestoreServiceAccountKey undoes RevokeServiceAccountKey.
func (c *Cloud) RestoreServiceAccountKey(projectID string) {
	c.identities.setRevoked(c.world.Seed(), projectID, false)
}

func (g *identities) setRevoked(seed uint64, projectID string, revoked bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.revoked[keyID(seed, ServiceAccountEmail(projectID, DefaultServiceAccount))] = revoked
}

// KeyRevoked reports whether a key was revoked.
func (c *Cloud) KeyRevoked(keyID string) bool {
	c.identities.mu.RLock()
	defer c.identities.mu.RUnlock()
	return c.identities.revoked[keyID]
}

// DisableAPI disables a service in a project, such as "compute" or "sqladmin".
func (c *Cloud) DisableAPI(projectID, service string) {
	c.identities.setDisabled(projectID, service, true)
}

// EnableAPI undoes DisableAPI.
func (c *Cloud) EnableAPI(projectID, service string) {
	c.identities.setDisabled(projectID, service, false)
}

func (g *identities) setDisabled(projectID, service string, disabled bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.disabled[projectID+"/"+service] = disabled
}

// APIDisabled reports whether a service is disabled in a project.
func (c *Cloud) APIDisabled(projectID, service string) bool {
	c.identities.mu.RLock()
	defer c.identities.mu.RUnlock()
	return c.identities.disabled[projectID+"/"+service]
}

// AddMember gives a principal, such as a service account's email, the permissions of the project's
// own service account.
func (c *Cloud) AddMember(projectID, principal string) {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	if members, ok := c.identities.members[projectID]; ok {
		members[principal] = struct{}{}
	}
}

// DenyPermissions denies permissions to a principal in a project: "compute.instances.list",
// "cloudsql.*". It replaces those that were denied before; a call without permissions denies none.
func (c *Cloud) DenyPermissions(projectID, principal string, permissions ...string) {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	c.identities.denied[projectID+"/"+principal] = permissions
}

// TrustImpersonators sets the principals that may impersonate a service account. Without it, all
// may.
func (c *Cloud) TrustImpersonators(email string, principals ...string) {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	c.identities.trusts[email] = append([]string{}, principals...)
}

// PermittedIn reports whether a principal has a permission in a project.
func (c *Cloud) PermittedIn(projectID, principal, permission string) bool {
	c.identities.mu.RLock()
	defer c.identities.mu.RUnlock()
	if _, member := c.identities.members[projectID][principal]; !member && !c.identities.ofPool(c, projectID, principal) {
		return false
	}
	for _, pattern := range c.identities.denied[projectID+"/"+principal] {
		prefix, wild := strings.CutSuffix(pattern, "*")
		if pattern == permission || wild && strings.HasPrefix(permission, prefix) {
			return false
		}
	}
	return true
}

// ofPool reports whether a principal belongs to a workload identity pool of the project, which
// gives it access.
func (g *identities) ofPool(c *Cloud, projectID, principal string) bool {
	p, ok := c.projects[projectID]
	return ok && strings.HasPrefix(principal, "principal://iam.googleapis.com/projects/"+strconv.FormatUint(p.number, 10)+"/")
}
