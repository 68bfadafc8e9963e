package gcp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// session gives access to one project for one run.
type session struct {
	provider *Provider
	account  provider.Account
	project  string
	signIn   *signIn
	// reading sends requests that change nothing.
	reading http.RoundTripper
	sql     *sqladmin.Service

	mu sync.Mutex
	// zones are the zones of the project; nil until they were listed.
	zones map[string]bool
	// beta reports whether Cloud SQL is called under its older paths.
	beta bool
}

// The batches: one listing of each kind.
const (
	machineBatch  = "compute"
	databaseBatch = "sql"
)

// Identity returns the project that the credentials open. A key file states its own project. All
// other credentials open any project that lets them in, and each request names the project.
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

// Batch returns the name of the listing that a scope is part of. A zone that no longer exists is in
// none, because the list of all VMs does not mention it.
func (s *session) Batch(scope provider.ScopeID) string {
	switch scope.Kind {
	case cloud.VirtualMachine:
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.zones != nil && scope.Location != "" && !s.zones[scope.Location] {
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
	return fmt.Errorf("gcp: there is no batch %q", batch)
}

// Read lists a scope alone into sink.
func (s *session) Read(ctx context.Context, scope provider.ScopeID, sink provider.Sink) error {
	switch scope.Kind {
	case cloud.VirtualMachine:
		return s.readZone(ctx, scope.Location, sink)
	case cloud.Database:
		only := &oneScope{scope: scope, sink: sink}
		if err := s.readDatabases(ctx, scope.Location, only); err != nil {
			return err
		}
		if only.failure != nil {
			return only.failure
		}
		return nil
	}
	return fmt.Errorf("gcp: there are no scopes of kind %s", scope.Kind)
}

// oneScope is a BatchSink that passes one scope on and drops all others.
type oneScope struct {
	scope   provider.ScopeID
	sink    provider.Sink
	failure *fault.Error
}

// Page passes instances of the scope on.
func (o *oneScope) Page(ctx context.Context, scope provider.ScopeID, instances []provider.Instance) error {
	if scope != o.scope {
		return nil
	}
	return o.sink.Page(ctx, instances)
}

// Fail records the failure of the scope.
func (o *oneScope) Fail(scope provider.ScopeID, failure *fault.Error) {
	if scope == o.scope {
		o.failure = failure
	}
}

// Called counts a request.
func (o *oneScope) Called(throttled bool) { o.sink.Called(throttled) }

// isSelected reports whether the account selects a region: it names it, or it names none at all.
func (s *session) isSelected(region string) bool {
	return len(s.account.Regions) == 0 || slices.Contains(s.account.Regions, region)
}

// bearer signs requests with the token of the session, and sends those for Cloud SQL to the older
// paths if the session uses them.
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
		b.session.signIn.drop(token)
	}
	return response, err
}

func (s *session) usesBeta() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.beta
}

// useBeta switches Cloud SQL to its older paths. It reports whether that is a change.
func (s *session) useBeta() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.beta
	s.beta = true
	return !before
}
