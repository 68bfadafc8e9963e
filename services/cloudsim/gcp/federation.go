package gcp

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// exchangeToken issues an access token to a workload outside Google that presents a token of its
// own identity provider (RFC 8693).
func exchangeToken(req *request, d *document) error {
	const exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	if grant := req.query.Get("grant_type"); grant != exchange {
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", "The grant type must be "+exchange+".")
	}
	token, err := req.cloud.ExchangeToken(req.query.Get("audience"), req.query.Get("subject_token"), tokenLife)
	switch {
	case errors.Is(err, cloudsim.ErrNotFound):
		return oauthError(http.StatusBadRequest, "invalid_target", "The target service indicated by the \"audience\" parameters is invalid. "+
			"This might either be because the pool or provider is disabled or deleted or because it doesn't exist.")
	case err != nil:
		return oauthError(http.StatusBadRequest, "invalid_grant", "The subject token is not valid.")
	}
	d.object("")
	d.word("access_token", token.Token)
	d.word("issued_token_type", "urn:ietf:params:oauth:token-type:access_token")
	d.number("expires_in", int(token.Expires.Sub(req.world.Now()).Seconds()))
	d.word("token_type", "Bearer")
	d.endObject()
	return nil
}

// subjectToken simulates an identity provider outside Google, such as a cloud's metadata service.
func subjectToken(req *request, d *document) error {
	d.object("")
	d.word("access_token", req.cloud.SubjectToken("workload"))
	d.endObject()
	return nil
}

// maxImpersonation is the maximum lifetime of a token for an impersonated service account.
const maxImpersonation = 12 * time.Hour

// generateAccessToken issues a token of a service account to another principal.
func generateAccessToken(req *request, d *document) error {
	email, verb, _ := strings.Cut(req.http.PathValue("account"), ":")
	if verb != "generateAccessToken" {
		return fail(http.StatusNotFound, "NOT_FOUND", "notFound", "Method not found.")
	}
	var asked struct {
		Lifetime string   `json:"lifetime"`
		Scope    []string `json:"scope"`
	}
	if err := json.Unmarshal(req.body, &asked); err != nil {
		return invalid("Invalid JSON payload received.")
	}
	if len(asked.Scope) == 0 {
		return invalid("Request is missing required field: scope.")
	}
	life := tokenLife
	if asked.Lifetime != "" {
		var err error
		if life, err = time.ParseDuration(asked.Lifetime); err != nil || life <= 0 || life > maxImpersonation {
			return invalid("Invalid value for lifetime: %s", asked.Lifetime)
		}
	}
	token, err := req.cloud.Impersonate(req.token, email, life)
	if err != nil {
		return denied(req.call, req.permission, "projects/-/serviceAccounts/"+email)
	}
	d.object("")
	d.word("accessToken", token.Token)
	d.word("expireTime", token.Expires.Format(time.RFC3339))
	d.endObject()
	return nil
}
