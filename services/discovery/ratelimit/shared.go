package ratelimit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Store has the buckets of all processes.
type Store interface {
	// Lease takes tokens out of buckets, in advance if necessary, and returns the state of each bucket
	// before.
	Lease(ctx context.Context, requests []Request) (map[API]Bucket, error)
	// Throttled records that the provider throttled a call, and returns the state of the bucket.
	Throttled(ctx context.Context, api API, limit APILimit) (Bucket, error)
	// Return puts tokens back.
	Return(ctx context.Context, tokens map[API]float64) error
}

// Request is a number of tokens to lease from a bucket.
type Request struct {
	API
	Limit  APILimit
	Tokens int
}

// Bucket is the state of a bucket.
type Bucket struct {
	// Tokens is how many there are; below 0, they were taken in advance.
	Tokens float64
	// Rate is how many tokens are added each second.
	Rate float64
	// ThrottleTime is when the provider last throttled a call; zero if never.
	ThrottleTime time.Time
}

const (
	// DefaultShare is the share of each limit that Rollcall uses.
	DefaultShare = 0.5

	// leaseSpan and leaseMost bound a lease, by the time for which it lasts and by its size: other
	// processes wait for tokens that one process has.
	leaseSpan = time.Second
	leaseMost = 25
	// leaseFirst is the size of the first lease: a small region is read with one or two calls of each
	// API.
	leaseFirst = 2
	// keepUnused is how long unused tokens are kept.
	keepUnused = 3 * time.Second
	// forgetUnused is how long the state of an unused bucket is kept in this process.
	forgetUnused = 2 * time.Hour
	// storeLimit bounds a call to the store. After it, the store counts as away.
	storeLimit = 5 * time.Second
	// awayShare is the share of the rate that a process uses while the store is away, and awayFor how
	// long the store is not called again.
	awayShare = 0.25
	awayFor   = time.Second
)

// Shared is the Budget of all processes that share a store. Make one with New.
type Shared struct {
	store   Store
	share   float64
	metrics *metrics
	logger  *slog.Logger

	mu     sync.Mutex
	leases map[API]*tokenLease
	away   time.Time // the store is not called before this time
}

// New returns a budget with a share of each limit.
func New(store Store, share float64, registry prometheus.Registerer, logger *slog.Logger) *Shared {
	s := &Shared{store: store, share: share, logger: logger, leases: map[API]*tokenLease{}}
	s.metrics = newMetrics(registry, s)
	return s
}

// tokenLease has the tokens that this process leased from one bucket.
type tokenLease struct {
	api   API
	limit APILimit
	// turn is a lock that callers take in order while they take tokens out.
	turn chan struct{}

	mu sync.Mutex
	// left is the number of tokens. The first is valid from next, and each further one a spacing later.
	left    int
	next    time.Time
	spacing time.Duration
	// isShared reports whether the tokens come from the store; otherwise it was away.
	isShared bool
	// size of the next lease.
	size   int
	leased time.Time
	used   time.Time
	bucket Bucket
	known  bool
}

// leaseOf returns the token lease of an API.
func (s *Shared) leaseOf(api API) *tokenLease {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.leases[api]
	if p == nil {
		limit := LimitOf(api.Name)
		limit.Rate, limit.Burst = limit.Rate*s.share, max(1, limit.Burst*s.share)
		p = &tokenLease{api: api, limit: limit, turn: make(chan struct{}, 1), size: leaseFirst, bucket: Bucket{Rate: limit.Rate}}
		s.leases[api] = p
	}
	return p
}

// Take waits until one call may be made.
func (s *Shared) Take(ctx context.Context, api API) error {
	p := s.leaseOf(api)
	began := time.Now()
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return late(ctx, p)
	}
	good, err := s.token(ctx, p)
	<-p.turn
	if err != nil {
		return err
	}
	if err := waitUntil(ctx, p, good); err != nil {
		return err
	}
	s.metrics.took(api.Name, time.Since(began))
	return nil
}

// token takes one token out of a lease and returns the time from which it is valid.
func (s *Shared) token(ctx context.Context, p *tokenLease) (time.Time, error) {
	if p.isEmpty() {
		s.fill(ctx, []*tokenLease{p})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	good := p.next
	if deadline, ok := ctx.Deadline(); ok && good.After(deadline) {
		return time.Time{}, &TooLateError{API: p.api, Rate: p.bucket.Rate} // The token is left for another call.
	}
	p.left--
	p.next = p.next.Add(p.spacing)
	p.used = time.Now()
	return good, nil
}

func (p *tokenLease) isEmpty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left <= 0
}

// waitUntil waits until a token is valid. If ctx ends first, it puts the token back.
func waitUntil(ctx context.Context, p *tokenLease, good time.Time) error {
	wait := time.Until(good)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		p.mu.Lock()
		p.left++
		p.mu.Unlock()
		return late(ctx, p)
	}
}

// late returns why a call did not get its token.
func late(ctx context.Context, p *tokenLease) error {
	if ctx.Err() == context.Canceled {
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return &TooLateError{API: p.api, Rate: p.bucket.Rate}
}

// Prepare leases tokens of all APIs of which none are left, in one call to the store.
func (s *Shared) Prepare(ctx context.Context, apis []API) {
	var empty []*tokenLease
	for _, api := range apis {
		p := s.leaseOf(api)
		select {
		case p.turn <- struct{}{}:
			defer func() { <-p.turn }()
			if p.isEmpty() {
				empty = append(empty, p)
			}
		default: // Another caller is leasing tokens of it.
		}
	}
	if len(empty) > 0 {
		s.fill(ctx, empty)
	}
}

// fill leases more tokens. The caller has the turn of each lease.
func (s *Shared) fill(ctx context.Context, leases []*tokenLease) {
	requests := make([]Request, len(leases))
	for i, p := range leases {
		requests[i] = Request{API: p.api, Limit: p.limit, Tokens: p.nextSize()}
	}
	buckets, err := s.lease(ctx, requests)
	for i, p := range leases {
		bucket, known := buckets[p.api]
		p.fill(bucket, requests[i].Tokens, err == nil && known)
	}
}

// nextSize returns how many tokens to lease: twice as many as the last time if those did not last.
func (p *tokenLease) nextSize() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.leased) < leaseSpan {
		p.size *= 2
	} else {
		p.size = leaseFirst
	}
	p.size = max(1, min(p.size, leaseMost, int(p.bucket.Rate*leaseSpan.Seconds())))
	return p.size
}

// fill adds leased tokens or, if the store did not answer, one token without the store.
func (p *tokenLease) fill(bucket Bucket, size int, answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leased = time.Now()
	if !answered {
		p.fillAlone()
		return
	}
	p.bucket, p.known = bucket, true
	p.left, p.isShared, p.spacing, p.next = size, true, 0, p.leased
	if short := float64(size) - bucket.Tokens; short > 0 {
		// Some were taken in advance: they become valid one by one.
		p.spacing = seconds(1 / bucket.Rate)
		p.next = p.leased.Add(seconds((1 - bucket.Tokens) / bucket.Rate))
	}
}

// lease leases tokens from the store, unless the store is known to be away.
func (s *Shared) lease(ctx context.Context, requests []Request) (map[API]Bucket, error) {
	s.mu.Lock()
	away := time.Now().Before(s.away)
	s.mu.Unlock()
	if away {
		return nil, context.DeadlineExceeded
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeLimit)
	defer cancel()
	buckets, err := s.store.Lease(limited, requests)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.away = time.Now().Add(awayFor)
		s.logger.Warn("rate limits not available; calling at a lower rate", "error", err)
	}
	return buckets, err
}

// fillAlone adds one token without the store, some time after the one before.
func (p *tokenLease) fillAlone() {
	p.left, p.isShared, p.spacing = 1, false, 0
	p.next = latest(time.Now(), p.next).Add(seconds(1 / max(awayShare*p.bucket.Rate, 0.1)))
}

// Report reports whether the provider throttled a call.
func (s *Shared) Report(ctx context.Context, api API, throttled bool) {
	s.metrics.called(api.Name, throttled)
	if !throttled {
		return
	}
	p := s.leaseOf(api)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeLimit)
	defer cancel()
	bucket, err := s.store.Throttled(limited, api, p.limit)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = 0 // Tokens that were leased at the old rate are dropped.
	if err != nil {
		p.bucket.Rate = max(p.bucket.Rate/2, Floor(p.limit))
		p.bucket.ThrottleTime = time.Now()
		return
	}
	p.bucket, p.known = bucket, true
}

// States returns the states of some APIs.
func (s *Shared) States(apis []API) []BudgetState {
	var states []BudgetState
	for _, api := range apis {
		s.mu.Lock()
		p := s.leases[api]
		s.mu.Unlock()
		if p == nil {
			continue
		}
		p.mu.Lock()
		if p.known {
			states = append(states, BudgetState{
				API: api, Rate: p.bucket.Rate, MaxRate: p.limit.Rate, ThrottleTime: p.bucket.ThrottleTime,
			})
		}
		p.mu.Unlock()
	}
	return states
}

// Floor returns the lowest rate at which an API is called.
func Floor(limit APILimit) float64 {
	return min(limit.Rate, max(floorShare*limit.Rate, floorRate))
}

const (
	floorShare = 0.05
	floorRate  = 0.2
)

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
