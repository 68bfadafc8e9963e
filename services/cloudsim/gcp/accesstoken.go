package gcp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// AccessToken is an OAuth 2.0 access token issued by Google.
type AccessToken struct {
	Token     string
	Principal string // a service account's email, or principal://… of a workload identity pool
	// Home is the project that the principal belongs to.
	Home    string
	Issued  time.Time
	Expires time.Time
}

const accessTokenPrefix = "ya29.c.sim." //nolint:gosec // the form of Google's tokens, and none itself

// IssueToken issues an access token for a principal. The token contains everything about itself, so
// tokens use no memory.
//
// The token is ya29.c.sim. and the base64url encoding of the issue and expiry times in Unix
// nanoseconds, a nonce, home, a newline and the principal, followed by a MAC.
func (c *Cloud) IssueToken(principal, home string, life time.Duration) AccessToken {
	now := c.world.Now().UTC()
	expires := now.Add(life).Truncate(time.Second)
	raw := binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano()))
	raw = binary.BigEndian.AppendUint64(raw, uint64(expires.UnixNano()))
	once := make([]byte, 8)
	_, _ = rand.Read(once) // never fails
	raw = append(raw, once...)
	raw = append(raw, home+"\n"+principal...)
	raw = append(raw, c.identities.mac("access token", raw)...)
	return AccessToken{
		Token:     accessTokenPrefix + base64.RawURLEncoding.EncodeToString(raw),
		Principal: principal, Home: home, Issued: now, Expires: expires,
	}
}

// CheckToken returns the content of an access token. Errors: ErrBadToken, ErrExpiredToken.
func (c *Cloud) CheckToken(token string) (AccessToken, error) {
	const head = 24
	bad := &cloudsim.ResourceError{Err: cloudsim.ErrBadToken, ID: "access token"}
	encoded, ok := strings.CutPrefix(token, accessTokenPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if !ok || err != nil || len(raw) < head+sha256.Size {
		return AccessToken{}, bad
	}
	body, mac := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	home, principal, ok := strings.Cut(string(body[head:]), "\n")
	if !ok || !hmac.Equal(mac, c.identities.mac("access token", body)) {
		return AccessToken{}, bad
	}
	t := AccessToken{
		Token: token, Principal: principal, Home: home,
		Issued:  time.Unix(0, int64(binary.BigEndian.Uint64(body))).UTC(),
		Expires: time.Unix(0, int64(binary.BigEndian.Uint64(body[8:]))).UTC(),
	}
	c.identities.mu.RLock()
	over := c.identities.over[home]
	c.identities.mu.RUnlock()
	if !c.world.Now().Before(t.Expires) || t.Issued.UnixNano() <= over {
		return AccessToken{}, &cloudsim.ResourceError{Err: cloudsim.ErrExpiredToken, ID: "access token"}
	}
	return t, nil
}

// ExpireTokens invalidates every access token of a project's principals that was issued until now.
func (c *Cloud) ExpireTokens(projectID string) {
	c.identities.mu.Lock()
	defer c.identities.mu.Unlock()
	c.identities.over[projectID] = c.world.Now().UnixNano()
}

// Impersonate issues an access token of a service account to another principal. Error: ErrDenied,
// also for service accounts that do not exist, because IAM does not distinguish the two.
func (c *Cloud) Impersonate(caller AccessToken, email string, life time.Duration) (AccessToken, error) {
	home, ok := c.homeOf(email)
	denied := &cloudsim.ResourceError{Err: cloudsim.ErrDenied, ID: email}
	if !ok {
		return AccessToken{}, denied
	}
	c.identities.mu.RLock()
	trusted, described := c.identities.trusts[email]
	c.identities.mu.RUnlock()
	if described && !slices.Contains(trusted, caller.Principal) {
		return AccessToken{}, denied
	}
	return c.IssueToken(email, home, life), nil
}

// homeOf returns the project that a service account belongs to.
func (c *Cloud) homeOf(email string) (string, bool) {
	_, domain, _ := strings.Cut(email, "@")
	id, ok := strings.CutSuffix(domain, ".iam.gserviceaccount.com")
	_, exists := c.projects[id]
	return id, ok && exists
}

// SubjectToken returns the token that an identity provider outside Google would issue to a
// workload.
func (c *Cloud) SubjectToken(subject string) string {
	mac := c.identities.mac("subject token", []byte(subject))
	return base64.RawURLEncoding.EncodeToString([]byte(subject)) + "." + base64.RawURLEncoding.EncodeToString(mac)
}

// WorkloadAudience returns the name of the workload identity provider of a project.
func (c *Cloud) WorkloadAudience(projectID string) string {
	var number uint64
	if p, ok := c.projects[projectID]; ok {
		number = p.number
	}
	return "//iam.googleapis.com/projects/" + strconv.FormatUint(number, 10) + "/locations/global/workloadIdentityPools/rollcall/providers/sim"
}

// ExchangeToken issues an access token for a subject token. Errors: ErrBadToken; ErrNotFound for an
// unknown audience.
func (c *Cloud) ExchangeToken(audience, subjectToken string, life time.Duration) (AccessToken, error) {
	encoded, encodedMAC, _ := strings.Cut(subjectToken, ".")
	subject, err := base64.RawURLEncoding.DecodeString(encoded)
	mac, macErr := base64.RawURLEncoding.DecodeString(encodedMAC)
	if err != nil || macErr != nil || !hmac.Equal(mac, c.identities.mac("subject token", subject)) {
		return AccessToken{}, &cloudsim.ResourceError{Err: cloudsim.ErrBadToken, ID: "subject token"}
	}
	for _, id := range c.order {
		if audience == c.WorkloadAudience(id) {
			pool := strings.TrimSuffix(audience, "/providers/sim")
			return c.IssueToken("principal:"+pool+"/subject/"+string(subject), id, life), nil
		}
	}
	return AccessToken{}, &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: audience}
}

func (g *identities) mac(use string, data []byte) []byte {
	h := hmac.New(sha256.New, binary.BigEndian.AppendUint64([]byte("cloudsim "+use), g.seed))
	h.Write(data) // a hash.Hash never fails
	return h.Sum(nil)
}
