package cloudsim

import (
	"maps"
	"sync"
)

// Call identifies an API call: the action of a service, in an account and a region. As a pattern,
// an empty field matches every value.
type Call struct {
	Account string // the account or project; "" for calls that concern none
	Region  string // the region or zone; "" for calls that concern none
	Service string // such as ec2 or compute
	Action  string // such as DescribeInstances or instances.aggregatedList
}

// matches reports whether the call matches a pattern.
func (c Call) matches(pattern Call) bool {
	return (pattern.Account == "" || pattern.Account == c.Account) &&
		(pattern.Region == "" || pattern.Region == c.Region) &&
		(pattern.Service == "" || pattern.Service == c.Service) &&
		(pattern.Action == "" || pattern.Action == c.Action)
}

// Count is the number of requests by outcome.
type Count struct {
	Requests  int64 // all requests that could be parsed, including the failed ones
	Throttled int64 // rejected by request limits or a Throttle fault
	Failed    int64 // answered with an error or not at all, including the throttled ones
}

type counters struct {
	mu    sync.Mutex
	calls map[Call]Count
}

func (c *counters) init() { c.calls = make(map[Call]Count) }

// Record counts one request. Handlers call it once for each.
func (w *World) Record(call Call, throttled, failed bool) {
	w.counters.mu.Lock()
	defer w.counters.mu.Unlock()
	count := w.counters.calls[call]
	count.Requests++
	if throttled {
		count.Throttled++
	}
	if failed {
		count.Failed++
	}
	w.counters.calls[call] = count
}

// Requests returns the sum over all calls that match a pattern. The zero Call matches all.
func (w *World) Requests(pattern Call) Count {
	w.counters.mu.Lock()
	defer w.counters.mu.Unlock()
	var sum Count
	for call, count := range w.counters.calls {
		if call.matches(pattern) {
			sum.Requests += count.Requests
			sum.Throttled += count.Throttled
			sum.Failed += count.Failed
		}
	}
	return sum
}

// Calls returns the count of every call that was made.
func (w *World) Calls() map[Call]Count {
	w.counters.mu.Lock()
	defer w.counters.mu.Unlock()
	return maps.Clone(w.counters.calls)
}

// ResetCounts sets all counts to zero.
func (w *World) ResetCounts() {
	w.counters.mu.Lock()
	defer w.counters.mu.Unlock()
	w.counters.init()
}
