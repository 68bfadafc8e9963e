package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/iamcredentials/v1"
	"google.golang.org/api/option"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// platformScope is the OAuth scope of tokens. A read-only scope is not enough for start and stop, and
// Cloud SQL has none. IAM decides what is permitted.
const platformScope = "https://www.googleapis.com/auth/cloud-platform"

// newSignIn returns a sign-in with credentials.
func (p *Provider) newSignIn(credentials provider.Credentials) (*signIn, error) {
	switch c := credentials.(type) {
	case provider.GCPApplicationDefault:
		return &signIn{method: "the application default credentials", fetch: p.applicationDefaultToken}, nil
	case provider.GCPServiceAccountKey:
		return p.keySignIn([]byte(c.JSON.Reveal()))
	case provider.GCPImpersonation:
		return &signIn{
			method: "the service account " + c.ServiceAccount + ", impersonated", principal: c.ServiceAccount,
			fetch: func(ctx context.Context) (*oauth2.Token, error) { return p.impersonatedToken(ctx, c.ServiceAccount) },
		}, nil
	case provider.GCPWorkloadIdentity:
		return p.workloadSignIn([]byte(c.JSON.Reveal()))
	}
	return nil, fmt.Errorf("gcp: credentials of type %T are not supported", credentials)
}

// keySignIn returns a sign-in as a service account with its key.
func (p *Provider) keySignIn(file []byte) (*signIn, error) {
	key, err := keyfile.ParseServiceAccount(file, p.config.TokenHosts)
	if err != nil {
		return nil, errInvalidFile("the service account's key", err)
	}
	config, err := google.JWTConfigFromJSON(key.JSON(), platformScope)
	if err != nil {
		return nil, errInvalidFile("the service account's key", err)
	}
	return &signIn{
		method: "the key of " + key.ClientEmail, principal: key.ClientEmail, home: key.ProjectID,
		fetch: func(ctx context.Context) (*oauth2.Token, error) {
			return p.fetchToken(ctx, func(ctx context.Context) (oauth2.TokenSource, error) { return config.TokenSource(ctx), nil })
		},
	}, nil
}

// workloadSignIn returns a sign-in with the identity of another cloud.
func (p *Provider) workloadSignIn(file []byte) (*signIn, error) {
	account, err := keyfile.ParseExternalAccount(file, p.config.TokenHosts)
	if err != nil {
		return nil, errInvalidFile("the credential configuration", err)
	}
	return &signIn{
		method: "workload identity federation", principal: account.ServiceAccount(),
		fetch: func(ctx context.Context) (*oauth2.Token, error) {
			return p.fetchToken(ctx, func(ctx context.Context) (oauth2.TokenSource, error) {
				credentials, err := google.CredentialsFromJSONWithType(ctx, account.JSON(), google.ExternalAccount, platformScope)
				if err != nil {
					return nil, err
				}
				return credentials.TokenSource, nil
			})
		},
	}, nil
}

// applicationDefaultToken fetches a token of the application default credentials. It looks for them
// each time, because people renew them in files.
func (p *Provider) applicationDefaultToken(ctx context.Context) (*oauth2.Token, error) {
	return p.fetchToken(ctx, func(ctx context.Context) (oauth2.TokenSource, error) {
		if p.config.ApplicationDefault != nil {
			config, err := google.JWTConfigFromJSON(p.config.ApplicationDefault, platformScope)
			if err != nil {
				return nil, errors.Join(errNoDefault, err)
			}
			return config.TokenSource(ctx), nil
		}
		credentials, err := google.FindDefaultCredentials(ctx, platformScope)
		if err != nil {
			return nil, errors.Join(errNoDefault, err)
		}
		return credentials.TokenSource, nil
	})
}

// impersonatedToken fetches a token of a service account that the application default credentials
// may impersonate.
func (p *Provider) impersonatedToken(ctx context.Context, email string) (*oauth2.Token, error) {
	base, err := p.applicationDefaultToken(ctx)
	if err != nil {
		return nil, err
	}
	client := &http.Client{
		Transport:     &oauth2.Transport{Source: oauth2.StaticTokenSource(base), Base: p.transport},
		CheckRedirect: noRedirects,
	}
	service, err := iamcredentials.NewService(ctx, option.WithHTTPClient(client), option.WithEndpoint(p.endpoints.iam))
	if err != nil {
		return nil, err
	}
	answer, err := answered(service.Projects.ServiceAccounts.GenerateAccessToken("projects/-/serviceAccounts/"+email,
		&iamcredentials.GenerateAccessTokenRequest{Scope: []string{platformScope}}).Context(ctx).Do())
	if err != nil {
		return nil, err
	}
	expiry, err := time.Parse(time.RFC3339, answer.ExpireTime)
	if err != nil || answer.AccessToken == "" {
		return nil, errNoToken
	}
	return &oauth2.Token{AccessToken: answer.AccessToken, Expiry: expiry}, nil
}

// fetchToken fetches a token from a source. Sources accept no context for the call, so one that does
// not answer is abandoned when ctx ends; the time limit of its client ends it.
func (p *Provider) fetchToken(ctx context.Context, source func(context.Context) (oauth2.TokenSource, error)) (*oauth2.Token, error) {
	type result struct {
		token *oauth2.Token
		err   error
	}
	done := make(chan result, 1)
	go func() {
		transport := &errorCapture{next: p.transport}
		client := &http.Client{Transport: transport, Timeout: p.config.AttemptLimit, CheckRedirect: noRedirects}
		from, err := source(context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, client))
		if err != nil {
			done <- result{err: err}
			return
		}
		token, err := from.Token()
		if err != nil {
			err = errors.Join(transport.lastError(), err)
		}
		done <- result{token, err}
	}()
	select {
	case r := <-done:
		return r.token, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// errorCapture keeps the error of the last request. Google's libraries return only its text.
type errorCapture struct {
	next http.RoundTripper

	mu   sync.Mutex
	last error
}

// RoundTrip sends a request.
func (c *errorCapture) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(request)
	if deadline, limited := request.Context().Deadline(); err != nil && limited && !time.Now().Before(deadline) {
		err = errors.Join(context.DeadlineExceeded, err) // The client may end a request just before its context ends.
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = err
	return response, err
}

func (c *errorCapture) lastError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// errInvalidFile returns the fault of a file that accounts should have rejected.
func errInvalidFile(what string, err error) *fault.Error {
	message := what + " can't be used"
	if invalid, ok := errors.AsType[*keyfile.Error](err); ok {
		message += ": " + invalid.Error()
	}
	return fault.ForReason(fault.ReasonCredentialsInvalid, message, "Give the account the file that Google issued.", nil)
}
