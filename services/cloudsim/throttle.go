package cloudsim

import (
	"sync"
	"time"
)

// Bucket is a token bucket: Size requests at once, and Refill more each second. A zero Size never
// runs out.
type Bucket struct {
	Size   float64
	Refill float64 // tokens per second
}

// Limiter holds the level of each token bucket of a cloud. Every call has a bucket of its own for
// each class.
type Limiter struct {
	now func() time.Time

	mu     sync.Mutex
	levels map[levelKey]level
}

type levelKey struct {
	call  Call
	class string
}

type level struct {
	tokens float64
	at     time.Time
}

// NewLimiter returns a Limiter whose buckets are full.
func NewLimiter(now func() time.Time) *Limiter {
	return &Limiter{now: now, levels: make(map[levelKey]level)}
}

// Reset fills all buckets.
func (l *Limiter) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.levels = make(map[levelKey]level)
}

// Admit takes a token for a call from its bucket of a class and reports whether there was one.
func (l *Limiter) Admit(call Call, class string, bucket Bucket) bool {
	if bucket.Size == 0 {
		return true
	}
	now := l.now()
	key := levelKey{call, class}
	l.mu.Lock()
	defer l.mu.Unlock()
	have, known := l.levels[key]
	if !known {
		have = level{bucket.Size, now}
	}
	if passed := now.Sub(have.at); passed > 0 {
		have = level{min(bucket.Size, have.tokens+passed.Seconds()*bucket.Refill), now}
	}
	admitted := have.tokens >= 1
	if admitted {
		have.tokens--
	}
	l.levels[key] = have
	return admitted
}
