package cloudsim

import (
	"maps"
	"slices"
	"sync"
)

// Call names what was asked for: which action of which service, in which account and region. As a pattern, an empty
// field stands for anything.
type Call struct {
	Account string // of Google Cloud: the project, or "" for calls that are about none
	Region  string // of Google Cloud: the zone or region in the address, "" when there is none
	Service string // ec2, rds, sts; of Google Cloud: compute, sqladmin, cloudresourcemanager, iamcredentials, sts.google, oauth2
	Action  string // DescribeInstances; of Google Cloud: instances.aggregatedList
}

// matches tells whether the call is one that pattern stands for.
func (c Call) matches(pattern Call) bool {
	return (pattern.Account == "" || pattern.Account == c.Account) &&
		(pattern.Region == "" || pattern.Region == c.Region) &&
		(pattern.Service == "" || pattern.Service == c.Service) &&
		(pattern.Action == "" || pattern.Action == c.Action)
}

// Count is how often something was called, and with what outcome.
type Count struct {
	Requests  int64 // all that were understood, also those that failed
	Throttled int64 // refused by Limits or a Throttle fault
	Failed    int64 // answered with an error or none, the throttled ones included
}

// counters counts requests.
type counters struct {
	mu    sync.Mutex
	calls map[Call]Count
	// needed are the permissions that calls of Google Cloud needed, by project.
	needed map[string]map[string]bool
}

func (c *counters) init() {
	c.calls = make(map[Call]Count)
	c.needed = make(map[string]map[string]bool)
}

// NeedPermission keeps that a call about a Google Cloud project needed a permission, whether its caller had it or not.
func (w *World) NeedPermission(projectID, permission string) {
	w.counters.mu.Lock()
	defer w.counters.mu.Unlock()
	needed := w.counters.needed[projectID]
	if needed == nil {
		needed = make(map[string]bool)
		w.counters.needed[projectID] = needed
	}
	needed[permission] = true
}

// PermissionsNeeded returns the permissions that the calls about a Google Cloud project needed, sorted. Of AWS Calls tells it:
// an action is its own permission.
func (w *World) PermissionsNeeded(projectID string) []string {
	w.counters.mu.Lock()
	defer w.counters.mu.Unlock()
	return slices.Sorted(maps.Keys(w.counters.needed[projectID]))
}

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

// Requests adds up the calls that match a pattern; the zero Call matches all.
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
	calls := make(map[Call]Count, len(w.counters.calls))
	for call, count := range w.counters.calls {
		calls[call] = count
	}
	return calls
}

// ResetCounts forgets all counts.
func (w *World) ResetCounts() {
	w.counters.mu.Lock()
	defer w.counters.mu.Unlock()
	w.counters.init()
}
