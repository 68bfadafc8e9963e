package ratelimit

import (
	"context"
	"maps"
	"time"
)

// Run returns unused tokens to the store until ctx ends, and then all that are left.
func (s *Shared) Run(ctx context.Context) error {
	tick := time.NewTicker(keepUnused)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.giveBack(context.WithoutCancel(ctx), 0)
			return nil
		case <-tick.C:
			s.giveBack(ctx, keepUnused)
		}
	}
}

// giveBack returns the tokens that were not used for a time.
func (s *Shared) giveBack(ctx context.Context, unused time.Duration) {
	tokens := map[API]float64{}
	for api, p := range s.all() {
		p.mu.Lock()
		idle := time.Since(latest(p.used, p.leased))
		if p.left > 0 && p.isShared && idle >= unused {
			tokens[api] = float64(p.left)
			p.left = 0
		}
		p.mu.Unlock()
		if idle > forgetUnused {
			s.mu.Lock()
			delete(s.leases, api)
			s.mu.Unlock()
		}
	}
	if len(tokens) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	if err := s.store.Return(ctx, tokens); err != nil {
		s.logger.Debug("unused calls not returned", "error", err) // The bucket refills by itself.
	}
}

func (s *Shared) all() map[API]*tokenLease {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.leases)
}
