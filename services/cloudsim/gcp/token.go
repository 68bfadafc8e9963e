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

// signInEndpoints are the endpoints that issue access tokens.
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
	// skew is the clock difference that Google tolerates.
	skew = 5 * time.Minute
)

// assertion is a JWT that a service account signed (RFC 7523), with the fields that the token
// endpoint checks.
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

// parseAssertion parses a JWT.
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

// identify sets the project of a token request, so that faults and counts apply to it.
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
	r.project, _ = r.cloud.Project(r.call.Account) // grantToken and exchangeToken detect an unknown project
	return nil
}

// projectOf returns the project in a service account's email.
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

// grantToken issues an access token to a service account that signed an assertion.
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

// check returns the error that Google reports for an assertion, or nil.
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

// writeToken writes the response of a token endpoint.
func writeToken(d *document, world *cloudsim.World, token AccessToken) {
	d.object("")
	d.word("access_token", token.Token)
	d.number("expires_in", int(token.Expires.Sub(world.Now()).Seconds()))
	d.word("token_type", "Bearer")
	d.endObject()
}
