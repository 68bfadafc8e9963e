package aws

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Config configures how to reach AWS. The zero value uses the default credential chain, and the
// endpoints of AWS or of AWS_ENDPOINT_URL and its per-service forms.
type Config struct {
	// EndpointURL is the endpoint of all services. It overrides the environment.
	EndpointURL string
	// Keys replace the default credential chain. If they are set, neither the environment nor the
	// shared files are read.
	Keys *Keys
	// Region is the home region. The default is AWS_REGION or us-east-1.
	Region string

	// Budget bounds the rate of calls; nil means no bound.
	Budget ratelimit.Budget

	// PageSize bounds the size of pages; 0 means the largest that AWS returns.
	PageSize int32
	// Attempts is the number of attempts of one call; the default is 6.
	Attempts int
	// AttemptLimit bounds each attempt, CallLimit all attempts of a call together, and MaxBackoff
	// the pause before each; the defaults are 30 s, 1 min and 10 s.
	AttemptLimit, CallLimit, MaxBackoff time.Duration
}

// Keys is an access key.
type Keys struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

// Provider reads AWS accounts. It is safe for concurrent use.
type Provider struct {
	config Config
	http   *http.Client
	trust  sync.Once
	gate   *gate
	base   baseConfig
	roles  roleCache

	actOnce sync.Once
	acting  *http.Client
}

// minPages is the smallest number of pages that may be in memory: one that is decoded and one that is
// passed on, for each of two processors.
const minPages = 4

// New returns a provider. Close it after use.
func New(config Config) *Provider {
	if config.Attempts == 0 {
		config.Attempts = 6
	}
	if config.AttemptLimit == 0 {
		config.AttemptLimit = 30 * time.Second
	}
	if config.CallLimit == 0 {
		config.CallLimit = time.Minute
	}
	if config.MaxBackoff == 0 {
		config.MaxBackoff = 10 * time.Second
	}
	p := &Provider{config: config, http: newHTTPClient(config.AttemptLimit), gate: newGate(max(minPages, runtime.GOMAXPROCS(0)))}
	p.base.load = p.loadBase
	return p
}

// pageSize returns the page size for an API that permits sizes from least to most.
func (p *Provider) pageSize(least, most int32) *int32 {
	if p.config.PageSize > 0 {
		most = max(least, min(most, p.config.PageSize))
	}
	return &most
}

// firstAnswer bounds all attempts of a call to one home region, because until then it is not known
// whether anything answers.
const firstAnswer = 7 * time.Second

// homeLimit returns the limit of a call to one of the home regions. All together have at most the time
// of one call.
func (p *Provider) homeLimit() time.Duration { return min(p.config.CallLimit/maxHomes, firstAnswer) }

// Close closes idle connections.
func (p *Provider) Close() { p.http.CloseIdleConnections() }

// Open prepares to read an account.
func (p *Provider) Open(ctx context.Context, account provider.Account, how provider.Credentials) (provider.Session, error) {
	base, err := p.base.get(ctx)
	if err != nil {
		return nil, fault.ForReason(fault.ReasonCredentialsInvalid,
			"the AWS configuration of this machine can't be read: "+err.Error(),
			"Fix the shared configuration files, or the variables that point to them, where discovery runs.", err)
	}
	if p.config.Budget != nil {
		base.APIOptions = append(slices.Clone(base.APIOptions), p.spend(account.ID))
	}
	s := &session{provider: p, account: account, config: base, how: how, forget: p.base.drop}
	role, assumes := how.(provider.AWSAssumeRole)
	s.homes = homeRegions(base.Region, partitionOf(role.RoleARN), account.Regions)
	signIn := func() (aws.CredentialsProvider, error) { return p.signIn(base, how, s.homes) }
	if !assumes {
		s.config.Credentials, err = signIn()
		return s, err
	}
	s.config.Credentials, err = p.roles.get(account.ID, role, signIn)
	s.forget = func() {
		p.roles.drop(account.ID)
		p.base.drop()
	}
	return s, err
}

// baseLife is how long the environment is not read again. Credentials in files may be renewed at any
// time.
const baseLife = time.Minute

// baseConfig caches the configuration of LoadDefaultConfig.
type baseConfig struct {
	load func(context.Context) (aws.Config, error)

	mu     sync.Mutex
	cached *aws.Config
	loaded time.Time
}

func (b *baseConfig) get(ctx context.Context) (aws.Config, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cached != nil && time.Since(b.loaded) < baseLife {
		return *b.cached, nil
	}
	cfg, err := b.load(ctx)
	if err != nil {
		return aws.Config{}, err
	}
	b.cached, b.loaded = &cfg, time.Now()
	return cfg, nil
}

// drop removes the configuration, so that the environment is read again.
func (b *baseConfig) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cached = nil
}

// loadBase returns the SDK's configuration for all accounts.
func (p *Provider) loadBase(ctx context.Context) (aws.Config, error) {
	cfg := aws.Config{}
	if keys := p.config.Keys; keys != nil {
		cfg.Credentials = credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken)
	} else {
		var err error
		if cfg, err = config.LoadDefaultConfig(ctx); err != nil {
			return aws.Config{}, err
		}
		cfg.Credentials = &chain{inner: cfg.Credentials}
		p.trust.Do(func() { trustAs(p.http, cfg.HTTPClient) })
	}
	if p.config.Region != "" {
		cfg.Region = p.config.Region
	}
	if cfg.Region == "" {
		cfg.Region = defaultRegion
	}
	if p.config.EndpointURL != "" {
		cfg.BaseEndpoint = aws.String(p.config.EndpointURL)
		cfg.ConfigSources = nil // Otherwise the per-service endpoints of the environment would win.
	}
	cfg.HTTPClient = p.http
	cfg.Retryer = p.retryer
	cfg.APIOptions = append(cfg.APIOptions, checkAnswers, watchAttempts)
	return cfg, nil
}

// retryer returns a retryer that slows down when it is throttled, and retries after answers that ended
// early. Each client has its own, and each client is one service in one region of one account,
// which share no limits in AWS either.
func (p *Provider) retryer() aws.Retryer {
	return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
			o.MaxAttempts = p.config.Attempts
			o.MaxBackoff = p.config.MaxBackoff
			o.Retryables = append([]retry.IsErrorRetryable{
				retry.IsErrorRetryableFunc(brokeOff), retry.IsErrorRetryableFunc(late),
			}, o.Retryables...)
		})
	})
}
