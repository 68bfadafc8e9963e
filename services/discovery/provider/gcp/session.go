package gcp

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// session is a way into one project, for one run.
type session struct {
	provider *Provider
	account  provider.Account
	project  string
	signIn   *signIn
	// reading sends requests that change nothing.
	reading http.RoundTripper
	sql     *sqladmin.Service

	mu sync.Mutex
	// zones there are, once known.
	known map[string]bool
	// beta tells that Cloud SQL is served under its older paths.
	beta bool
}

// The batches: one listing of each kind.
const (
	machineBatch  = "compute"
	databaseBatch = "sql"
)

// Identity is the project that the credentials open. A key file names its own;
// all other credentials open whatever project lets them in, and the project is
// part of every address that is asked.
func (s *session) Identity(ctx context.Context) (string, error) {
	_, err := attempt(ctx, s, nil, call{service: "Google's token service", first: true}, func(ctx context.Context) (string, error) {
		return s.signIn.get(ctx)
	})
	if err != nil {
		return "", err
	}
	if s.signIn.home != "" {
		return s.signIn.home, nil
	}
	return s.project, nil
}

// Batch names the listing that a scope is part of. The list of VMs says nothing of
// a zone that there is not any more.
func (s *session) Batch(scope provider.ScopeID) string {
	switch scope.Kind {
	case cloud.VirtualMachine:
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.known != nil && scope.Location != "" && !s.known[scope.Location] {
			return ""
		}
		return machineBatch
	case cloud.Database:
		return databaseBatch
	}
	return ""
}

// ReadBatch lists all VMs, or all databases, of the project into sink.
func (s *session) ReadBatch(ctx context.Context, batch string, sink provider.BatchSink) error {
	switch batch {
	case machineBatch:
		return s.readMachines(ctx, sink)
	case databaseBatch:
		return s.readDatabases(ctx, "", sink)
	}
	return fmt.Errorf("gcp: batch %q", batch)
}

// Read lists a scope alone into sink.
func (s *session) Read(ctx context.Context, scope provider.ScopeID, sink provider.Sink) error {
	switch scope.Kind {
	case cloud.VirtualMachine:
		return s.readZone(ctx, scope.Location, sink)
	case cloud.Database:
		only := &onlyScope{scope: scope, sink: sink}
		if err := s.readDatabases(ctx, scope.Location, only); err != nil {
			return err
		}
		if only.failure != nil {
			return only.failure
		}
		return nil
	}
	return fmt.Errorf("gcp: scope of kind %s", scope.Kind.Plural())
}

// onlyScope is a batch of which one scope is wanted.
type onlyScope struct {
	scope   provider.ScopeID
	sink    provider.Sink
	failure *fault.Error
}

func (o *onlyScope) Page(ctx context.Context, scope provider.ScopeID, instances []provider.Instance) error {
	if scope != o.scope {
		return nil
	}
	return o.sink.Page(ctx, instances)
}

func (o *onlyScope) Fail(scope provider.ScopeID, failure *fault.Error) {
	if scope == o.scope {
		o.failure = failure
	}
}

func (o *onlyScope) Called(throttled bool) { o.sink.Called(throttled) }

// wants tells whether a region is among those that the account asks for.
func (s *session) wants(region string) bool {
	if len(s.account.Regions) == 0 {
		return true
	}
	for _, wanted := range s.account.Regions {
		if wanted == region {
			return true
		}
	}
	return false
}

// bearer signs requests with the session's token.
type bearer struct {
	session *session
	next    http.RoundTripper
}

// RoundTrip sends a request.
func (b *bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	token, err := b.session.signIn.get(request.Context())
	if err != nil {
		return nil, err
	}
	signed := request.Clone(request.Context())
	signed.Header.Set("Authorization", "Bearer "+token)
	if b.session.usesBeta() && strings.Contains(signed.URL.Path, "/v1/projects/") && !strings.Contains(signed.URL.Path, "/compute/v1/") {
		signed.URL.Path = strings.Replace(signed.URL.Path, "/v1/projects/", "/sql/v1beta4/projects/", 1)
		signed.URL.RawPath = ""
	}
	response, err := b.next.RoundTrip(signed)
	if err == nil && response.StatusCode == http.StatusUnauthorized {
		b.session.signIn.forget(token)
	}
	return response, err
}

func (s *session) usesBeta() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.beta
}

// useBeta has Cloud SQL be asked under its older paths. It tells whether it was
// not before.
func (s *session) useBeta() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.beta
	s.beta = true
	return !before
}
