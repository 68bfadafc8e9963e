package ratelimit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Store holds the buckets, for all processes.
type Store interface {
	// Lease takes tokens out of buckets, in advance if need be, and says how each
	// stood before.
	Lease(ctx context.Context, asks []Ask) (map[API]Bucket, error)
	// Throttled tells a bucket that the cloud throttled a call, and says how it
	// stands now.
	Throttled(ctx context.Context, api API, limit APILimit) (Bucket, error)
	// Return puts tokens back.
	Return(ctx context.Context, tokens map[API]float64) error
}

// Ask is how many tokens are wanted of a bucket.
type Ask struct {
	API
	Limit  APILimit
	Tokens int
}

// Bucket is how a bucket stands.
type Bucket struct {
	// Tokens there are; below 0: taken in advance.
	Tokens float64
	// Rate at which they come, a second.
	Rate float64
	// ThrottleTime is when the cloud last throttled a call; zero: never.
	ThrottleTime time.Time
}

const (
	// DefaultShare is the part of each limit that Rollcall takes.
	DefaultShare = 0.5

	// leaseSpan is for how long tokens are taken at once, at the most, and
	// leaseMost how many: what one process holds, others wait for.
	leaseSpan = time.Second
	leaseMost = 25
	// leaseFirst is how many are taken at first: a region without much in it is
	// read with one or two calls of each API.
	leaseFirst = 2
	// keepUnused is after how long unused tokens are given back.
	keepUnused = 3 * time.Second
	// forgetUnused is after how long a bucket that nobody asked for is dropped
	// here.
	forgetUnused = 2 * time.Hour
	// storeLimit bounds a call to the store: past it the store is away.
	storeLimit = 5 * time.Second
	// awayShare is the part of the rate that a process goes on with while the store
	// is away, and awayFor how long it is not asked again.
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
	purses map[API]*purse
	away   time.Time // until when the store is not asked
}

// New is a budget of so large a share of each limit.
func New(store Store, share float64, registry prometheus.Registerer, logger *slog.Logger) *Shared {
	s := &Shared{store: store, share: share, logger: logger, purses: map[API]*purse{}}
	s.metrics = newMetrics(registry, s)
	return s
}

// purse is what this process has of one bucket.
type purse struct {
	api   API
	limit APILimit
	// turn is held while tokens are taken out: who waits for it waits in order.
	turn chan struct{}

	mu sync.Mutex
	// left tokens are good one after the other, the first from next on, each
	// spacing after the one before.
	left    int
	next    time.Time
	spacing time.Duration
	// lent tells that they are the store's, and not made up while it is away.
	lent bool
	// size of the next lease.
	size   int
	leased time.Time
	used   time.Time
	bucket Bucket
	known  bool
}

// purse is that of an API.
func (s *Shared) purse(api API) *purse {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.purses[api]
	if p == nil {
		limit := LimitOf(api.Name)
		limit.Rate, limit.Burst = limit.Rate*s.share, max(1, limit.Burst*s.share)
		p = &purse{api: api, limit: limit, turn: make(chan struct{}, 1), size: leaseFirst, bucket: Bucket{Rate: limit.Rate}}
		s.purses[api] = p
	}
	return p
}

// Take waits for the turn of one call.
func (s *Shared) Take(ctx context.Context, api API) error {
	p := s.purse(api)
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
	if err := until(ctx, p, good); err != nil {
		return err
	}
	s.metrics.took(api.Name, time.Since(began))
	return nil
}

// token takes one token out of the purse, and says from when it is good.
func (s *Shared) token(ctx context.Context, p *purse) (time.Time, error) {
	if p.empty() {
		s.fill(ctx, []*purse{p})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	good := p.next
	if deadline, ok := ctx.Deadline(); ok && good.After(deadline) {
		return time.Time{}, &TooLateError{API: p.api, Rate: p.bucket.Rate} // The token stays for another.
	}
	p.left--
	p.next = p.next.Add(p.spacing)
	p.used = time.Now()
	return good, nil
}

func (p *purse) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left <= 0
}

// until waits until a token is good. Who gives up puts it back.
func until(ctx context.Context, p *purse, good time.Time) error {
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

// late is why a call did not get its turn.
func late(ctx context.Context, p *purse) error {
	if ctx.Err() == context.Canceled {
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return &TooLateError{API: p.api, Rate: p.bucket.Rate}
}

// Prepare leases tokens of all APIs of which none are left, at once.
func (s *Shared) Prepare(ctx context.Context, apis []API) {
	var empty []*purse
	for _, api := range apis {
		p := s.purse(api)
		select {
		case p.turn <- struct{}{}:
			defer func() { <-p.turn }()
			if p.empty() {
				empty = append(empty, p)
			}
		default: // Somebody sees to it.
		}
	}
	if len(empty) > 0 {
		s.fill(ctx, empty)
	}
}

// fill leases more tokens for purses whose turns are held.
func (s *Shared) fill(ctx context.Context, purses []*purse) {
	asks := make([]Ask, len(purses))
	for i, p := range purses {
		asks[i] = Ask{API: p.api, Limit: p.limit, Tokens: p.ask()}
	}
	buckets, err := s.lease(ctx, asks)
	for i, p := range purses {
		bucket, known := buckets[p.api]
		p.fill(bucket, asks[i].Tokens, err == nil && known)
	}
}

// ask is how many tokens to lease: twice as many as the last time when those did
// not last.
func (p *purse) ask() int {
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

// fill puts leased tokens in; or, when there was no answer, one of our own.
func (p *purse) fill(bucket Bucket, size int, answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leased = time.Now()
	if !answered {
		p.alone()
		return
	}
	p.bucket, p.known = bucket, true
	p.left, p.lent, p.spacing, p.next = size, true, 0, p.leased
	if short := float64(size) - bucket.Tokens; short > 0 {
		// Some are taken in advance: they come one by one.
		p.spacing = seconds(1 / bucket.Rate)
		p.next = p.leased.Add(seconds((1 - bucket.Tokens) / bucket.Rate))
	}
}

// lease asks the store, unless that is known to be away.
func (s *Shared) lease(ctx context.Context, asks []Ask) (map[API]Bucket, error) {
	s.mu.Lock()
	away := time.Now().Before(s.away)
	s.mu.Unlock()
	if away {
		return nil, context.DeadlineExceeded
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeLimit)
	defer cancel()
	buckets, err := s.store.Lease(limited, asks)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.away = time.Now().Add(awayFor)
		s.logger.Warn("the shared API budgets can't be asked; calls go on, slowly", "error", err)
	}
	return buckets, err
}

// alone is one token without the store, a while after the one before.
func (p *purse) alone() {
	p.left, p.lent, p.spacing = 1, false, 0
	p.next = latest(time.Now(), p.next).Add(seconds(1 / max(awayShare*p.bucket.Rate, 0.1)))
}

// Told says what came of a call.
func (s *Shared) Report(ctx context.Context, api API, throttled bool) {
	s.metrics.called(api.Name, throttled)
	if !throttled {
		return
	}
	p := s.purse(api)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeLimit)
	defer cancel()
	bucket, err := s.store.Throttled(limited, api, p.limit)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = 0 // What was taken at the old rate is forfeit.
	if err != nil {
		p.bucket.Rate = max(p.bucket.Rate/2, Floor(p.limit))
		p.bucket.ThrottleTime = time.Now()
		return
	}
	p.bucket, p.known = bucket, true
}

// States tells how the budgets of some APIs stand.
func (s *Shared) States(apis []API) []BudgetState {
	var states []BudgetState
	for _, api := range apis {
		s.mu.Lock()
		p := s.purses[api]
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

// Floor is the slowest that an API is ever called: no account starves.
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
