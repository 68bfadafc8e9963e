package example

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/example"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/secret"
)

// Config configures the provider; zero values stand for the defaults.
type Config struct {
	// Endpoint is the address of the API.
	Endpoint string
	// Budget limits the calls.
	Budget ratelimit.Budget
	// Attempts of a read, each of at most CallLimit, with a pause of Backoff between them.
	Attempts           int
	CallLimit, Backoff time.Duration
	// PageSize is the number of instances on a page.
	PageSize int
}

// Provider reads the example cloud.
type Provider struct {
	config Config
	client *http.Client
}

// New returns a provider.
func New(config Config) *Provider {
	config.Attempts = cmp.Or(config.Attempts, 4)
	config.CallLimit = cmp.Or(config.CallLimit, 10*time.Second)
	config.Backoff = cmp.Or(config.Backoff, 200*time.Millisecond)
	config.PageSize = cmp.Or(config.PageSize, 100)
	return &Provider{config: config, client: &http.Client{Transport: &http.Transport{}}}
}

// Close closes idle connections.
func (p *Provider) Close() { p.client.CloseIdleConnections() }

// Open prepares to read an account.
func (p *Provider) Open(_ context.Context, account provider.Account, credentials provider.Credentials) (provider.Session, error) {
	key, ok := credentials.(provider.MethodCredentials)
	if !ok || key.Method != example.APIKey {
		return nil, fault.ForReason(fault.ReasonCredentialsInvalid, "the account has no API key", "Set the API key of the account.", nil)
	}
	return &session{provider: p, account: account, key: key.Secret}, nil
}

// Recognizes returns the kind of an instance with this id or URI.
func (p *Provider) Recognizes(providerID string) (cloud.Kind, bool) {
	id := idOf(providerID)
	if !example.Descriptor().HasInstanceID(id) {
		return "", false
	}
	if strings.HasPrefix(id, "server-") {
		return cloud.VirtualMachine, true
	}
	return cloud.Database, true
}

// idOf returns the id in an instance's URI, example://ACCOUNT/KIND/ID, and every other text as it is.
func idOf(uri string) string { return uri[strings.LastIndexByte(uri, '/')+1:] }

// session is a way into one account.
type session struct {
	provider *Provider
	account  provider.Account
	key      secret.Secret
}

// paths of the kinds in the API.
var paths = map[cloud.Kind]string{cloud.VirtualMachine: "servers", cloud.Database: "stores"}

// Identity returns the account that the key belongs to.
func (s *session) Identity(ctx context.Context) (string, error) {
	var account struct{ ID string }
	if err := s.get(ctx, uncounted{}, "the account", "account", nil, &account); err != nil {
		return "", err
	}
	if account.ID == "" {
		return "", invalid("the account", "it has no id")
	}
	return account.ID, nil
}

// Scopes returns a scope for each zone, and one for each region, of the wanted regions.
func (s *session) Scopes(ctx context.Context) ([]provider.PlannedScope, error) {
	var answer struct {
		Regions []struct {
			Name  string
			Zones []string
		}
	}
	if err := s.get(ctx, uncounted{}, "the regions", "regions", nil, &answer); err != nil {
		return nil, err
	}
	if len(answer.Regions) == 0 {
		return nil, invalid("the regions", "there are none")
	}
	var plan []provider.PlannedScope
	missing := slices.Clone(s.account.Regions)
	for _, region := range answer.Regions {
		if !s.wants(region.Name) {
			continue
		}
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == region.Name })
		for _, zone := range region.Zones {
			plan = append(plan, planned(cloud.VirtualMachine, zone, nil))
		}
		plan = append(plan, planned(cloud.Database, region.Name, nil))
	}
	for _, name := range missing {
		unknown := fault.ForReason(fault.ReasonAPIDisabled, "the account has no region "+name, "Remove it from the regions of the account.", nil)
		plan = append(plan, planned(cloud.VirtualMachine, name, unknown), planned(cloud.Database, name, unknown))
	}
	return plan, nil
}

func planned(kind cloud.Kind, location string, failure *fault.Error) provider.PlannedScope {
	return provider.PlannedScope{ScopeID: provider.ScopeID{Kind: kind, Location: location}, Failure: failure}
}

func (s *session) wants(region string) bool {
	return len(s.account.Regions) == 0 || slices.Contains(s.account.Regions, region)
}

// APIs returns the APIs that a scope is read by.
func (s *session) APIs(provider.ScopeID) []ratelimit.API { return []ratelimit.API{s.api()} }

func (s *session) api() ratelimit.API {
	return ratelimit.API{Account: s.account.ID, Location: ratelimit.GlobalLocation, Name: "example"}
}

// target returns the address of a path of the API.
func (s *session) target(path string, query url.Values) string {
	return s.provider.config.Endpoint + "/v1/" + path + "?" + query.Encode()
}
