package gcp

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// signInEndpoints give access tokens.
var signInEndpoints = map[string]endpoint{
	"POST /token":        {service: "oauth2", action: "token", open: true, handle: grantToken},
	"POST /oauth2/token": {service: "oauth2", action: "token", open: true, handle: grantToken},
	"POST /v1/token":     {service: "sts.google", action: "token", open: true, handle: exchangeToken},
	"GET /subject-token": {service: "subject", action: "token", open: true, handle: subjectToken},
	"POST /v1/projects/{project}/serviceAccounts/{account}": {service: "iamcredentials", action: "generateAccessToken",
		permission: "iam.serviceAccounts.getAccessToken", handle: generateAccessToken},
}

const (
	tokenLife = time.Hour
	// skew is how far apart Google lets clocks be.
	skew = 5 * time.Minute
)

// assertion is a JWT that a service account signed (RFC 7523), as far as the token endpoint reads it.
type assertion struct {
	header struct {
		Alg string `json:"alg"`
		KID string `json:"kid"`
	}
	claims struct {
		Issuer   string `json:"iss"`
		Audience string `json:"aud"`
		Scope    string `json:"scope"`
		IssuedAt int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}
	signed    string
	signature []byte
}

// parseAssertion takes a JWT apart.
func parseAssertion(text string) (*assertion, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("a JWT has three parts")
	}
	a := &assertion{signed: parts[0] + "." + parts[1]}
	for part, into := range map[string]any{parts[0]: &a.header, parts[1]: &a.claims} {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return nil, err
		}
	}
	var err error
	a.signature, err = base64.RawURLEncoding.DecodeString(parts[2])
	return a, err
}

// identify finds out which project a request for a token is about, so that faults and counts of it apply.
func (r *request) identify() *failure {
	form, err := url.ParseQuery(string(r.body))
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_request", "The request is no form.")
	}
	r.query = form
	switch r.service {
	case "oauth2":
		if a, err := parseAssertion(form.Get("assertion")); err == nil {
			r.call.Account = projectOf(a.claims.Issuer)
		}
	case "sts.google":
		audience := form.Get("audience")
		for _, id := range r.cloud.Projects() {
			if r.cloud.WorkloadAudience(id) == audience {
				r.call.Account = id
			}
		}
	}
	r.project, _ = r.cloud.Project(r.call.Account) // no project is an account that is not found
	return nil
}

// projectOf returns the project in a service account's address.
func projectOf(email string) string {
	_, domain, _ := strings.Cut(email, "@")
	id, _ := strings.CutSuffix(domain, ".iam.gserviceaccount.com")
	return id
}

func unknownKey() *failure {
	return oauthError(http.StatusBadRequest, "invalid_grant", "Invalid JWT Signature.")
}

func lateAssertion() *failure {
	return oauthError(http.StatusBadRequest, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a "+
		"reasonable timeframe. Check your iat and exp values in the JWT claim.")
}

// grantToken answers a service account that signed for itself.
func grantToken(req *request, d *document) error {
	if grant := req.query.Get("grant_type"); grant != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type: "+grant)
	}
	a, err := parseAssertion(req.query.Get("assertion"))
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_grant", "Bad Request")
	}
	account, err := req.cloud.ServiceAccount(projectOf(a.claims.Issuer))
	if err != nil || account.Email != a.claims.Issuer {
		return oauthError(http.StatusBadRequest, "invalid_grant", "Invalid grant: account not found")
	}
	if f := a.check(req, account); f != nil {
		return f
	}
	writeToken(d, req.world, req.cloud.IssueToken(account.Email, account.Project, tokenLife))
	return nil
}

// check holds an assertion to what Google asks of it.
func (a *assertion) check(req *request, account ServiceAccount) *failure {
	digest := sha256.Sum256([]byte(a.signed))
	if a.header.Alg != "RS256" || a.header.KID != "" && a.header.KID != account.KeyID || req.cloud.KeyRevoked(account.KeyID) ||
		rsa.VerifyPKCS1v15(&account.Key.PublicKey, crypto.SHA256, digest[:], a.signature) != nil {
		return unknownKey()
	}
	now := req.world.Now()
	issued, expires := time.Unix(a.claims.IssuedAt, 0), time.Unix(a.claims.Expires, 0)
	if issued.After(now.Add(skew)) || expires.Before(now.Add(-skew)) || expires.Sub(issued) > time.Hour+skew {
		return lateAssertion()
	}
	audience, err := url.Parse(a.claims.Audience)
	if err != nil || !slices.Contains([]string{req.http.Host, "oauth2.googleapis.com", "accounts.google.com"}, audience.Host) {
		return oauthError(http.StatusBadRequest, "invalid_grant", "Invalid JWT: Failed audience check. The right audience is https://oauth2.googleapis.com/token")
	}
	if a.claims.Scope == "" {
		return oauthError(http.StatusBadRequest, "invalid_scope", "Empty or missing scope not allowed.")
	}
	return nil
}

// writeToken writes the answer of a token endpoint.
func writeToken(d *document, world *cloudsim.World, token AccessToken) {
	d.object("")
	d.word("access_token", token.Token)
	d.number("expires_in", int(token.Expires.Sub(world.Now()).Seconds()))
	d.word("token_type", "Bearer")
	d.endObject()
}
