package gcp

import (
	"context"
	"crypto/sha256"
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

const (
	// readOnly would do for reading; start, stop and Cloud SQL, which has no scope
	// of its own for reading, need the whole. What may be done is up to IAM.
	wholePlatform = "https://www.googleapis.com/auth/cloud-platform"
	// tokenSpare is how long before its end a token is renewed.
	tokenSpare = 5 * time.Minute
	// signInUnused is after how long tokens that nobody asked for are dropped.
	signInUnused = 2 * time.Hour
)

// signIn is one way into one project, with its token for as long as that is
// good.
type signIn struct {
	// method says for people how we sign in; principal who that is, if the
	// credentials say.
	method, principal string
	// home is the project that a key file belongs to; "" when there is none.
	home string
	// fetch gets a new token.
	fetch func(ctx context.Context) (*oauth2.Token, error)
	// digest tells one set of credentials from the next.
	digest [sha256.Size]byte
	used   time.Time

	mu    sync.Mutex
	token *oauth2.Token
}

// get is a token that is good for a while.
func (s *signIn) get(ctx context.Context) (string, error) {
	s.mu.Lock()
	held := s.token
	s.mu.Unlock()
	if held != nil && (held.Expiry.IsZero() || time.Until(held.Expiry) > tokenSpare) {
		return held.AccessToken, nil
	}
	fetched, err := s.fetch(ctx)
	if err != nil {
		return "", &signInError{err}
	}
	if fetched.AccessToken == "" {
		return "", &signInError{errNoToken}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = fetched
	return fetched.AccessToken, nil
}

// forget drops a token that turned out to be no good. It tells whether it was
// held until now: then another may be better.
func (s *signIn) forget(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil || s.token.AccessToken != token {
		return false
	}
	s.token = nil
	return true
}

// signInError is an error of getting a token, to be told from the APIs'.
type signInError struct{ err error }

func (e *signInError) Error() string { return e.err.Error() }
func (e *signInError) Unwrap() error { return e.err }

// errNoToken is an answer of a token endpoint without a token.
var errNoToken = errors.New("an answer without a token")

// errNoDefault says that there are no application default credentials.
var errNoDefault = errors.New("there are no application default credentials where discovery runs")

// signIns keeps tokens from run to run, for as long as the account's credentials
// stay the same.
type signIns struct {
	mu   sync.Mutex
	held map[string]*signIn // by account
}

func (c *signIns) get(p *Provider, account provider.Account, how provider.Credentials) (*signIn, error) {
	var text string
	switch how := how.(type) {
	case provider.GCPApplicationDefault:
	case provider.GCPServiceAccountKey:
		text = how.JSON.Reveal()
	case provider.GCPImpersonation:
		text = how.ServiceAccount
	case provider.GCPWorkloadIdentity:
		text = how.JSON.Reveal()
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%T %s", how, text))
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for id, held := range c.held {
		if now.Sub(held.used) > signInUnused {
			delete(c.held, id)
		}
	}
	held := c.held[account.ID]
	if held == nil || held.digest != digest {
		made, err := p.signIn(how)
		if err != nil {
			return nil, err
		}
		made.digest = digest
		held = made
		if c.held == nil {
			c.held = map[string]*signIn{}
		}
		c.held[account.ID] = held
	}
	held.used = now
	return held, nil
}

// signIn is the way in by some credentials.
func (p *Provider) signIn(how provider.Credentials) (*signIn, error) {
	switch how := how.(type) {
	case provider.GCPApplicationDefault:
		return &signIn{method: "the application default credentials", fetch: p.applicationDefault}, nil
	case provider.GCPServiceAccountKey:
		return p.byKey([]byte(how.JSON.Reveal()))
	case provider.GCPImpersonation:
		return &signIn{
			method: "the service account " + how.ServiceAccount + ", impersonated", principal: how.ServiceAccount,
			fetch: func(ctx context.Context) (*oauth2.Token, error) { return p.impersonate(ctx, how.ServiceAccount) },
		}, nil
	case provider.GCPWorkloadIdentity:
		return p.byWorkload([]byte(how.JSON.Reveal()))
	}
	return nil, fmt.Errorf("gcp: credentials of type %T", how)
}

// byKey signs in as a service account with its key.
func (p *Provider) byKey(file []byte) (*signIn, error) {
	key, err := keyfile.ParseServiceAccount(file, p.config.TokenHosts)
	if err != nil {
		return nil, badFile("the service account's key", err)
	}
	config, err := google.JWTConfigFromJSON(key.JSON(), wholePlatform)
	if err != nil {
		return nil, badFile("the service account's key", err)
	}
	return &signIn{
		method: "the key of " + key.ClientEmail, principal: key.ClientEmail, home: key.ProjectID,
		fetch: func(ctx context.Context) (*oauth2.Token, error) {
			return p.fetchToken(ctx, func(ctx context.Context) (oauth2.TokenSource, error) { return config.TokenSource(ctx), nil })
		},
	}, nil
}

// byWorkload signs in with another cloud's identity.
func (p *Provider) byWorkload(file []byte) (*signIn, error) {
	account, err := keyfile.ParseExternalAccount(file, p.config.TokenHosts)
	if err != nil {
		return nil, badFile("the credential configuration", err)
	}
	return &signIn{
		method: "workload identity federation", principal: account.ServiceAccount(),
		fetch: func(ctx context.Context) (*oauth2.Token, error) {
			return p.fetchToken(ctx, func(ctx context.Context) (oauth2.TokenSource, error) {
				credentials, err := google.CredentialsFromJSONWithType(ctx, account.JSON(), google.ExternalAccount, wholePlatform)
				if err != nil {
					return nil, err
				}
				return credentials.TokenSource, nil
			})
		},
	}, nil
}

// applicationDefault gets a token of the application default credentials, looked
// for anew each time: people renew them in files.
func (p *Provider) applicationDefault(ctx context.Context) (*oauth2.Token, error) {
	return p.fetchToken(ctx, func(ctx context.Context) (oauth2.TokenSource, error) {
		if p.config.ApplicationDefault != nil {
			config, err := google.JWTConfigFromJSON(p.config.ApplicationDefault, wholePlatform)
			if err != nil {
				return nil, errors.Join(errNoDefault, err)
			}
			return config.TokenSource(ctx), nil
		}
		credentials, err := google.FindDefaultCredentials(ctx, wholePlatform)
		if err != nil {
			return nil, errors.Join(errNoDefault, err)
		}
		return credentials.TokenSource, nil
	})
}

// impersonate gets a token of a service account that the application default
// credentials may impersonate.
func (p *Provider) impersonate(ctx context.Context, email string) (*oauth2.Token, error) {
	base, err := p.applicationDefault(ctx)
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
	answer, err := got(service.Projects.ServiceAccounts.GenerateAccessToken("projects/-/serviceAccounts/"+email,
		&iamcredentials.GenerateAccessTokenRequest{Scope: []string{wholePlatform}}).Context(ctx).Do())
	if err != nil {
		return nil, err
	}
	expires, err := time.Parse(time.RFC3339, answer.ExpireTime)
	if err != nil || answer.AccessToken == "" {
		return nil, errNoToken
	}
	return &oauth2.Token{AccessToken: answer.AccessToken, Expiry: expires}, nil
}

// fetchToken asks a source for a token. Sources know no context of the call, so
// one that hangs is left to its own time limit when ctx ends.
func (p *Provider) fetchToken(ctx context.Context, source func(context.Context) (oauth2.TokenSource, error)) (*oauth2.Token, error) {
	type result struct {
		token *oauth2.Token
		err   error
	}
	done := make(chan result, 1)
	go func() {
		watch := &watched{next: p.transport}
		client := &http.Client{Transport: watch, Timeout: p.config.AttemptLimit, CheckRedirect: noRedirects}
		from, err := source(context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, client))
		if err != nil {
			done <- result{err: err}
			return
		}
		token, err := from.Token()
		if err != nil {
			err = errors.Join(watch.failure(), err)
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

// watched keeps the last error of a connection: Google's libraries make a text of
// it.
type watched struct {
	next http.RoundTripper

	mu   sync.Mutex
	last error
}

// RoundTrip sends a request.
func (w *watched) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := w.next.RoundTrip(request)
	if deadline, limited := request.Context().Deadline(); err != nil && limited && !time.Now().Before(deadline) {
		err = errors.Join(context.DeadlineExceeded, err) // The client may end a request a moment before its context does.
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = err
	return response, err
}

func (w *watched) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// badFile is the failure of a file that should never have come here.
func badFile(what string, err error) *fault.Error {
	message := what + " can't be used"
	if wrong, ok := errors.AsType[*keyfile.Error](err); ok {
		message += ": " + wrong.Error()
	}
	return fault.ForReason(fault.ReasonCredentialsInvalid, message, "Give the account the file once more, as Google made it.", nil)
}
