package gcp

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"google.golang.org/api/option"
	sqladmin "google.golang.org/api/sqladmin/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// Config is how to reach Google Cloud. The zero value is the usual: application
// default credentials, and the endpoints that the CLOUDSDK_API_ENDPOINT_OVERRIDES
// variables name, or Google's own.
type Config struct {
	// ComputeEndpoint, SQLEndpoint and IAMEndpoint serve those APIs, whatever the
	// environment says.
	ComputeEndpoint, SQLEndpoint, IAMEndpoint string
	// ApplicationDefault is a service account's key file that stands in for the
	// application default credentials. With it nothing is read from the
	// environment or from files.
	ApplicationDefault []byte
	// TokenHosts are what key files may name beside Google's own hosts.
	TokenHosts keyfile.Hosts

	// Budget is what calls take from; nil: they are not bounded.
	Budget ratelimit.Budget

	// PageSize is how many VMs or databases to ask for at once; 500 when 0.
	PageSize uint32
	// Attempts at one call; 6 when 0.
	Attempts int
	// AttemptLimit bounds each attempt, CallLimit all of them, MaxBackoff the
	// pause before each; 30 s, 1 min and 10 s when 0.
	AttemptLimit, CallLimit, MaxBackoff time.Duration
}

// maxPage is the most VMs that Compute Engine gives at once, and the most
// databases that Cloud SQL gives unasked.
const maxPage = 500

func (c Config) complete() Config {
	if c.PageSize == 0 {
		c.PageSize = maxPage
	}
	if c.Attempts == 0 {
		c.Attempts = 6
	}
	if c.AttemptLimit == 0 {
		c.AttemptLimit = 30 * time.Second
	}
	if c.CallLimit == 0 {
		c.CallLimit = time.Minute
	}
	if c.MaxBackoff == 0 {
		c.MaxBackoff = 10 * time.Second
	}
	return c
}

// Provider reads Google Cloud projects. It is safe for concurrent use.
type Provider struct {
	config    Config
	endpoints endpoints
	transport *boundedTransport
	signIns   signIns

	actOnce      sync.Once
	actTransport *boundedTransport
}

// New is a provider. Close it when done. It fails when an endpoint that is
// configured or in the environment is no address.
func New(config Config) (*Provider, error) {
	found, err := findEndpoints(config)
	if err != nil {
		return nil, err
	}
	return &Provider{config: config.complete(), endpoints: found, transport: newTransport()}, nil
}

// Close drops idle connections.
func (p *Provider) Close() { p.transport.next.CloseIdleConnections() }

// Open prepares to read a project.
func (p *Provider) Open(ctx context.Context, account provider.Account, how provider.Credentials) (provider.Session, error) {
	signIn, err := p.signIns.get(p, account, how)
	if err != nil {
		return nil, err
	}
	s := &session{provider: p, account: account, project: account.CloudID, signIn: signIn, beta: p.endpoints.beta}
	s.reading = &bearer{session: s, next: p.transport}
	if s.sql, err = p.newSQL(ctx, s.reading); err != nil {
		return nil, err
	}
	return s, nil
}

// newSQL returns a client for Cloud SQL that sends its requests through transport.
func (p *Provider) newSQL(ctx context.Context, transport http.RoundTripper) (*sqladmin.Service, error) {
	client := &http.Client{Transport: transport, CheckRedirect: noRedirects}
	service, err := sqladmin.NewService(ctx, option.WithHTTPClient(client), option.WithEndpoint(p.endpoints.sql))
	if err != nil {
		return nil, fmt.Errorf("gcp: %w", err)
	}
	return service, nil
}
