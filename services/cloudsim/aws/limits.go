package aws

import (
	"strings"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// Limits throttle the requests of an account in a region. Every action has a bucket of its own for
// each account and region, with the size of its class. The zero value limits nothing.
type Limits struct {
	// Read is for EC2's Describe, List, Search and Get actions with a filter, ids or a page size.
	Read cloudsim.Bucket
	// Unpaged is for the same actions without any of them. It is a second bucket of the action.
	Unpaged cloudsim.Bucket
	// Write is for EC2's other actions.
	Write cloudsim.Bucket
	// RDS is for each of RDS's actions, and STS for each of STS's. AWS publishes no numbers for
	// them.
	RDS cloudsim.Bucket
	STS cloudsim.Bucket
	// Actions override the class of single EC2 actions.
	Actions map[string]cloudsim.Bucket
}

// DocumentedLimits returns EC2's default limits. Source: Amazon EC2 Developer Guide, "Request
// throttling for the Amazon EC2 API", request token bucket sizes and refill rates. Those of RDS and
// STS are guesses of the same size.
func DocumentedLimits() Limits {
	return Limits{
		Read:    cloudsim.Bucket{Size: 100, Refill: 20},
		Unpaged: cloudsim.Bucket{Size: 50, Refill: 10},
		Write:   cloudsim.Bucket{Size: 50, Refill: 5},
		RDS:     cloudsim.Bucket{Size: 60, Refill: 15},
		STS:     cloudsim.Bucket{Size: 600, Refill: 600},
		Actions: map[string]cloudsim.Bucket{
			"RunInstances":       {Size: 5, Refill: 2},
			"StartInstances":     {Size: 5, Refill: 2},
			"CreateTags":         {Size: 100, Refill: 10},
			"DeleteTags":         {Size: 100, Refill: 10},
			"TerminateInstances": {Size: 100, Refill: 5},
		},
	}
}

// class returns the name and the size of the bucket for a call.
func (l Limits) class(call cloudsim.Call, narrowed bool) (string, cloudsim.Bucket) {
	switch call.Service {
	case "rds":
		return "rds", l.RDS
	case "sts":
		return "sts", l.STS
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

// limits applies Limits that can be replaced.
type limits struct {
	limiter *cloudsim.Limiter

	mu     sync.RWMutex
	limits Limits
}

func (l *limits) init(set Limits, now func() time.Time) {
	l.limits, l.limiter = set, cloudsim.NewLimiter(now)
}

// SetLimits replaces the limits and fills all buckets.
func (c *Cloud) SetLimits(set Limits) {
	c.limits.mu.Lock()
	defer c.limits.mu.Unlock()
	c.limits.limits = set
	c.limits.limiter.Reset()
}

// Admit takes a token for a call and reports whether there was one. narrowed reports that the
// request has a filter, ids or a page size.
func (c *Cloud) Admit(call cloudsim.Call, narrowed bool) bool {
	c.limits.mu.RLock()
	class, bucket := c.limits.limits.class(call, narrowed)
	c.limits.mu.RUnlock()
	return c.limits.limiter.Admit(call, class, bucket)
}
