package gcp

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

const (
	// tokenReserve is how long before its expiry a token is renewed.
	tokenReserve = 5 * time.Minute
	// signInExpiry is how long an unused sign-in is kept.
	signInExpiry = 2 * time.Hour
)

// signIn signs in to one project and keeps the token while it is valid.
type signIn struct {
	// method describes the credentials for people.
	method string
	// principal is the service account; "" if the credentials do not name it.
	principal string
	// home is the project of a key file; "" for other credentials.
	home string
	// fetch fetches a new token.
	fetch func(ctx context.Context) (*oauth2.Token, error)
	// digest distinguishes credentials that an account had from those that it has now.
	digest [sha256.Size]byte
	used   time.Time

	mu    sync.Mutex
	token *oauth2.Token
	// fetching is not nil while a call fetches a token, and is closed when it has ended. Other calls
	// wait for it, so that one token is fetched and not one for each of them.
	fetching chan struct{}
}

// valid returns the stored token, or "" if there is none that is valid for a while. In that case it
// returns the fetch to wait for, or nil if the caller is the one to fetch and to call fetched.
func (s *signIn) valid() (token string, wait <-chan struct{}, fetched func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.token; t != nil && (t.Expiry.IsZero() || time.Until(t.Expiry) > tokenReserve) {
		return t.AccessToken, nil, nil
	}
	if s.fetching != nil {
		return "", s.fetching, nil
	}
	done := make(chan struct{})
	s.fetching = done
	return "", nil, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.fetching = nil
		close(done)
	}
}

// get returns a token that is valid for a while.
func (s *signIn) get(ctx context.Context) (string, error) {
	for {
		token, wait, fetched := s.valid()
		if token != "" {
			return token, nil
		}
		if wait == nil {
			defer fetched()
			return s.fetchToken(ctx)
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return "", &signInError{ctx.Err()}
		}
	}
}

// fetchToken fetches a token and keeps it.
func (s *signIn) fetchToken(ctx context.Context) (string, error) {
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

// drop drops a token that was rejected, unless it was replaced already.
func (s *signIn) drop(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != nil && s.token.AccessToken == token {
		s.token = nil
	}
}

// signInError is an error of fetching a token, as distinct from one of an API.
type signInError struct{ err error }

// Error returns the message.
func (e *signInError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *signInError) Unwrap() error { return e.err }

// errNoToken is an answer of a token endpoint without a token.
var errNoToken = errors.New("the answer has no token")

// errNoDefault reports that there are no application default credentials.
var errNoDefault = errors.New("there are no application default credentials where discovery runs")

// signIns keeps the sign-in of each account from run to run, while its credentials stay the same.
type signIns struct {
	mu     sync.Mutex
	stored map[string]*signIn // By the id of the account.
}

// get returns the sign-in of an account.
func (c *signIns) get(p *Provider, account provider.Account, credentials provider.Credentials) (*signIn, error) {
	digest := digestOf(credentials)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for id, stored := range c.stored {
		if now.Sub(stored.used) > signInExpiry {
			delete(c.stored, id)
		}
	}
	stored := c.stored[account.ID]
	if stored == nil || stored.digest != digest {
		made, err := p.newSignIn(credentials)
		if err != nil {
			return nil, err
		}
		made.digest = digest
		stored = made
		if c.stored == nil {
			c.stored = map[string]*signIn{}
		}
		c.stored[account.ID] = stored
	}
	stored.used = now
	return stored, nil
}

// digestOf returns a digest of credentials, with their type.
func digestOf(credentials provider.Credentials) [sha256.Size]byte {
	var text string
	switch c := credentials.(type) {
	case provider.GCPApplicationDefault:
	case provider.GCPServiceAccountKey:
		text = c.JSON.Reveal()
	case provider.GCPImpersonation:
		text = c.ServiceAccount
	case provider.GCPWorkloadIdentity:
		text = c.JSON.Reveal()
	}
	return sha256.Sum256(fmt.Appendf(nil, "%T %s", credentials, text))
}
