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

// Config is how to reach AWS. The zero value is the usual: the default
// credential chain, and the endpoints that AWS_ENDPOINT_URL and its per-service
// forms name, or AWS's own.
type Config struct {
	// EndpointURL serves all of AWS, whatever the environment says.
	EndpointURL string
	// Keys sign in, in place of the default credential chain. With them nothing
	// is read from the environment or from shared files.
	Keys *Keys
	// Region is the home region; AWS_REGION or us-east-1 when empty.
	Region string

	// Budget is what calls take from; nil: they are not bounded.
	Budget ratelimit.Budget

	// PageSize bounds pages below what AWS gives at once, which it is when 0.
	PageSize int32
	// Attempts at one call; 6 when 0.
	Attempts int
	// AttemptLimit bounds each attempt, CallLimit all of them, MaxBackoff the
	// pause before each; 30 s, 1 min and 10 s when 0.
	AttemptLimit, CallLimit, MaxBackoff time.Duration
}

// Keys are an access key.
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

// minPages is how many pages may be in memory at the least: one that is decoded
// and one that is passed on, for each of two processors.
const minPages = 4

// New is a provider. Close it when done.
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

// pageSize is how many things to ask for at once, of an API that gives so many at
// the least and at the most.
func (p *Provider) pageSize(least, most int32) *int32 {
	if p.config.PageSize > 0 {
		most = max(least, min(most, p.config.PageSize))
	}
	return &most
}

// firstAnswer is how long one of the home regions has for what they all know, all
// attempts taken together: until then nobody knows whether anything answers.
const firstAnswer = 7 * time.Second

// homeLimit bounds a call to one of the home regions: together they have the
// time of one call at the most.
func (p *Provider) homeLimit() time.Duration { return min(p.config.CallLimit/homesAtMost, firstAnswer) }

// Close drops idle connections.
func (p *Provider) Close() { p.http.CloseIdleConnections() }

// Open prepares to read an account.
func (p *Provider) Open(ctx context.Context, account provider.Account, how provider.Credentials) (provider.Session, error) {
	base, err := p.base.get(ctx)
	if err != nil {
		return nil, fault.ForReason(fault.ReasonCredentialsInvalid,
			"the AWS configuration of this machine can't be read: "+err.Error(),
			"Mend the shared configuration files, or the variables that name them, where discovery runs.", err)
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

// baseLife is how long what was read of the environment is taken as it was:
// people renew credentials in files.
const baseLife = time.Minute

// baseConfig keeps what LoadDefaultConfig found, for a while.
type baseConfig struct {
	load func(context.Context) (aws.Config, error)

	mu     sync.Mutex
	held   *aws.Config
	loaded time.Time
}

func (b *baseConfig) get(ctx context.Context) (aws.Config, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held != nil && time.Since(b.loaded) < baseLife {
		return *b.held, nil
	}
	cfg, err := b.load(ctx)
	if err != nil {
		return aws.Config{}, err
	}
	b.held, b.loaded = &cfg, time.Now()
	return cfg, nil
}

// drop has the environment read anew next time.
func (b *baseConfig) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = nil
}

// loadBase is the SDK's configuration for all accounts.
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
		cfg.ConfigSources = nil // Or the environment's per-service endpoints would win.
	}
	cfg.HTTPClient = p.http
	cfg.Retryer = p.retryer
	cfg.APIOptions = append(cfg.APIOptions, checkAnswers, watchAttempts)
	return cfg, nil
}

// retryer slows down by itself when it is throttled, and tries answers again
// that broke off. One is made for each client, which is one service in one
// region of one account: they share no limits in AWS either.
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
