package gcp

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

func TestSignIn_Get(t *testing.T) {
	for name, tt := range map[string]struct {
		valid   time.Duration
		fetches int
	}{
		"valid":           {tokenReserve + time.Minute, 1},
		"about to expire": {tokenReserve - time.Minute, 2},
		"expired":         {-time.Minute, 2},
	} {
		t.Run(name, func(t *testing.T) {
			fetches := 0
			s := &signIn{fetch: func(context.Context) (*oauth2.Token, error) {
				fetches++
				return &oauth2.Token{AccessToken: "t", Expiry: time.Now().Add(tt.valid)}, nil
			}}
			for range 2 {
				if token, err := s.get(t.Context()); err != nil || token != "t" {
					t.Errorf("got %q, %v", token, err)
				}
			}
			if fetches != tt.fetches {
				t.Errorf("%d tokens were fetched, want %d", fetches, tt.fetches)
			}
		})
	}
}

func TestSignIn_Errors(t *testing.T) {
	var token *oauth2.Token
	failed := io.ErrUnexpectedEOF
	s := &signIn{fetch: func(context.Context) (*oauth2.Token, error) { return token, failed }}
	_, err := s.get(t.Context())
	if _, ok := errors.AsType[*signInError](err); !ok || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	token, failed = &oauth2.Token{}, nil
	if _, err := s.get(t.Context()); !errors.Is(err, errNoToken) {
		t.Errorf("without a token: %v", err)
	}
}

func TestSignIn_Drop(t *testing.T) {
	s := &signIn{token: &oauth2.Token{AccessToken: "new"}}
	if s.drop("old"); s.token == nil {
		t.Error("a token that was replaced already drops the new one")
	}
	if s.drop("new"); s.token != nil {
		t.Error("the token was not dropped")
	}
	s.drop("new")
}

func TestSignIns_CredentialsChange(t *testing.T) {
	p, cache := &Provider{}, &signIns{}
	get := func(account string, credentials provider.Credentials) *signIn {
		t.Helper()
		s, err := cache.get(p, provider.Account{ID: account}, credentials)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := get("a", provider.GCPImpersonation{ServiceAccount: "reader@p.iam.gserviceaccount.com"})
	if get("a", provider.GCPImpersonation{ServiceAccount: "reader@p.iam.gserviceaccount.com"}) != first {
		t.Error("the same credentials sign in again")
	}
	if get("b", provider.GCPImpersonation{ServiceAccount: "reader@p.iam.gserviceaccount.com"}) == first {
		t.Error("two accounts share a sign-in")
	}
	if get("a", provider.GCPImpersonation{ServiceAccount: "other@p.iam.gserviceaccount.com"}) == first {
		t.Error("new credentials use the old sign-in")
	}
	first.used = time.Now().Add(-signInExpiry - time.Minute)
	cache.stored["a"] = first
	get("b", provider.GCPApplicationDefault{})
	if _, stored := cache.stored["a"]; stored {
		t.Error("an unused sign-in is kept")
	}
}

// TestDigestOf checks that credentials of two types with the same text are distinct.
func TestDigestOf(t *testing.T) {
	digests := map[[32]byte]bool{}
	all := []provider.Credentials{
		provider.GCPApplicationDefault{},
		provider.GCPServiceAccountKey{JSON: secret.New("a")},
		provider.GCPServiceAccountKey{JSON: secret.New("b")},
		provider.GCPWorkloadIdentity{JSON: secret.New("a")},
		provider.GCPWorkloadIdentity{JSON: secret.New("b")},
		provider.GCPImpersonation{ServiceAccount: "a"},
		provider.GCPImpersonation{ServiceAccount: "b"},
	}
	for _, c := range all {
		digests[digestOf(c)] = true
	}
	if len(digests) != len(all) {
		t.Errorf("%d digests of %d credentials", len(digests), len(all))
	}
}

// TestSignIn_GetAtTheSameTime checks that calls at the same time share one fetch, and that a call does
// not wait longer than its context allows.
func TestSignIn_GetAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		s := &signIn{fetch: func(context.Context) (*oauth2.Token, error) {
			fetches++
			<-time.After(time.Minute)
			return &oauth2.Token{AccessToken: "t"}, nil
		}}
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() {
				if token, err := s.get(t.Context()); err != nil || token != "t" {
					t.Errorf("got %q, %v", token, err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the call without time returned %v", err)
		}
		calls.Wait()
		if fetches != 1 {
			t.Errorf("%d tokens were fetched, want 1", fetches)
		}
	})
}
