package cloudsim

import (
	"strings"
	"sync"
	"time"
)

// Bucket is a token bucket: Size requests at once, and Refill more each second. A zero Size never runs out.
type Bucket struct {
	Size   float64
	Refill float64 // tokens per second
}

// Limits throttle an account's requests in a region. Every action has a bucket of its own for each account and region,
// whose numbers are those of its class. The zero value limits nothing.
type Limits struct {
	// Read is for EC2's Describe, List, Search and Get actions that carry a filter, ids or a page size.
	Read Bucket
	// Unpaged is for the same actions with none of them. It is a second bucket of the action.
	Unpaged Bucket
	// Write is for EC2's other actions.
	Write Bucket
	// RDS is for each of RDS's actions, and STS for each of STS's. AWS publishes no numbers for them.
	RDS Bucket
	STS Bucket
	// Compute is for all reads, and SQLAdmin for all calls, of those services of a Google Cloud project.
	Compute  Bucket
	SQLAdmin Bucket
	// Actions override the class of single EC2 actions.
	Actions map[string]Bucket
}

// DocumentedLimits are EC2's default limits. Source: Amazon EC2 Developer Guide, "Request throttling for the Amazon EC2
// API", request token bucket sizes and refill rates. Those of RDS and STS are guesses of the same size. Google counts by the
// minute: 1,500 reads of Compute Engine in a project, 180 calls of Cloud SQL Admin by a user ("API rate limits",
// "Quotas and limits").
func DocumentedLimits() Limits {
	return Limits{
		Read:    Bucket{Size: 100, Refill: 20},
		Unpaged: Bucket{Size: 50, Refill: 10},
		Write:   Bucket{Size: 50, Refill: 5},
		RDS:     Bucket{Size: 60, Refill: 15},
		STS:     Bucket{Size: 600, Refill: 600},

		Compute:  Bucket{Size: 1500, Refill: 25},
		SQLAdmin: Bucket{Size: 180, Refill: 3},
		Actions: map[string]Bucket{
			"RunInstances":       {Size: 5, Refill: 2},
			"StartInstances":     {Size: 5, Refill: 2},
			"CreateTags":         {Size: 100, Refill: 10},
			"DeleteTags":         {Size: 100, Refill: 10},
			"TerminateInstances": {Size: 100, Refill: 5},
		},
	}
}

// class finds the bucket for a call: its name and its numbers.
func (l Limits) class(call Call, narrowed bool) (string, Bucket) {
	switch call.Service {
	case "rds":
		return "rds", l.RDS
	case "sts":
		return "sts", l.STS
	case "compute":
		return "compute", l.Compute
	case "sqladmin":
		return "sqladmin", l.SQLAdmin
	case "cloudresourcemanager", "iamcredentials", "sts.google", "oauth2":
		return "free", Bucket{}
	}
	if b, ok := l.Actions[call.Action]; ok {
		return "own", b
	}
	for _, verb := range []string{"Describe", "List", "Search", "Get"} {
		if strings.HasPrefix(call.Action, verb) {
			if narrowed {
				return "read", l.Read
			}
			return "unpaged", l.Unpaged
		}
	}
	return "write", l.Write
}

// limiter holds the buckets' levels.
type limiter struct {
	mu     sync.Mutex
	limits Limits
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

func (l *limiter) init(limits Limits) {
	l.limits = limits
	l.levels = make(map[levelKey]level)
}

// SetLimits replaces the limits; all buckets are full again.
func (w *World) SetLimits(limits Limits) {
	w.limiter.mu.Lock()
	defer w.limiter.mu.Unlock()
	w.limiter.init(limits)
}

// Admit takes a token for a call and tells whether there was one. Handlers call it once for each request; narrowed tells
// whether it carries a filter, ids or a page size.
func (w *World) Admit(call Call, narrowed bool) bool {
	l := &w.limiter
	now := w.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	name, bucket := l.limits.class(call, narrowed)
	if bucket.Size == 0 {
		return true
	}
	key := levelKey{call, name}
	have, known := l.levels[key]
	if !known {
		have = level{bucket.Size, now}
	}
	if passed := now.Sub(have.at); passed > 0 {
		have = level{min(bucket.Size, have.tokens+passed.Seconds()*bucket.Refill), now}
	}
	if have.tokens < 1 {
		l.levels[key] = have
		return false
	}
	have.tokens--
	l.levels[key] = have
	return true
}
