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

// Config states how to reach Google Cloud. The zero value uses the application default credentials,
// and the endpoints in the CLOUDSDK_API_ENDPOINT_OVERRIDES variables or else Google's own.
type Config struct {
	// ComputeEndpoint, SQLEndpoint and IAMEndpoint serve those APIs. They override the environment.
	ComputeEndpoint, SQLEndpoint, IAMEndpoint string
	// ApplicationDefault is the key file of a service account to use as the application default
	// credentials. If it is set, neither the environment nor files are read.
	ApplicationDefault []byte
	// TokenHosts are the hosts that key files may name in addition to Google's own.
	TokenHosts keyfile.Hosts

	// Budget limits the calls. If it is nil, they are not limited.
	Budget ratelimit.Budget

	// PageSize is the number of VMs or databases on one page of a list; 0 means 500.
	PageSize uint32
	// Attempts is the largest number of attempts at one call; 0 means 6.
	Attempts int
	// AttemptLimit bounds each attempt, CallLimit all attempts of a call, and MaxBackoff the pause
	// before an attempt. 0 means 30 s, 1 min and 10 s.
	AttemptLimit, CallLimit, MaxBackoff time.Duration
}

// maxPage is the largest page of Compute Engine, and the default one of Cloud SQL.
const maxPage = 500

func (c Config) withDefaults() Config {
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

// New returns a provider, which must be closed after use. It returns an error if an endpoint in the
// configuration or the environment is not a URL.
func New(config Config) (*Provider, error) {
	found, err := findEndpoints(config)
	if err != nil {
		return nil, err
	}
	return &Provider{config: config.withDefaults(), endpoints: found, transport: newTransport()}, nil
}

// Close closes idle connections.
func (p *Provider) Close() { p.transport.next.CloseIdleConnections() }

// Open prepares to read a project.
func (p *Provider) Open(ctx context.Context, account provider.Account, credentials provider.Credentials) (provider.Session, error) {
	signIn, err := p.signIns.get(p, account, credentials)
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
		return nil, fmt.Errorf("gcp: make a client for Cloud SQL: %w", err)
	}
	return service, nil
}
