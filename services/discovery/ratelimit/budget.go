package ratelimit

import (
	"context"
	"time"
)

// API is one API of a provider in one location of an account, which the provider limits as a whole.
// All callers share the limit, including the account's own users.
type API struct {
	// Account is the last part of accounts/{account}.
	Account string
	// Location is the region, or GlobalLocation.
	Location string
	// Name is a key of APILimits, such as `ec2`.
	Name string
}

// GlobalLocation is the location of APIs without regions.
const GlobalLocation = "global"

// APILimit is how often a provider allows calls of an API in one location.
type APILimit struct {
	// Rate is in calls each second; Burst is how many calls are allowed at once.
	Rate, Burst float64
}

// The names of the APIs.
const (
	APIEC2        = "ec2"
	APIEC2Changes = "ec2-changes"
	APIEC2Starts  = "ec2-starts"
	APIRDS        = "rds"
	APISTS        = "sts"
	APICompute    = "compute"
	APISQLAdmin   = "sqladmin"
)

// APILimits are the limits that the providers document, by name. Accounts may have other limits; the
// real ones are learned.
var APILimits = map[string]APILimit{
	// Amazon EC2 Developer Guide, "Request throttling for the Amazon EC2 API":
	// non-mutating actions, 100 at once and 20 each second. They share one bucket here.
	APIEC2: {Rate: 20, Burst: 100},
	// The same page, mutating actions such as StopInstances: 50 at once and 5 each second.
	APIEC2Changes: {Rate: 5, Burst: 50},
	// The same page, StartInstances has its own limit: 5 at once and 2 each second.
	APIEC2Starts: {Rate: 2, Burst: 5},
	// AWS publishes no limit for RDS. This is a careful estimate for all of its calls; the real limit
	// is learned.
	APIRDS: {Rate: 15, Burst: 60},
	// AWS STS, "Quotas": 600 each second for each account and region.
	APISTS: {Rate: 600, Burst: 600},
	// Compute Engine, "Rate quotas": 1,500 reads each minute for each project.
	APICompute: {Rate: 25, Burst: 250},
	// Cloud SQL, "Quotas and limits": 180 each minute for each user of a project.
	APISQLAdmin: {Rate: 3, Burst: 60},
}

// unknownLimit is the limit of an API that is not in APILimits.
var unknownLimit = APILimit{Rate: 5, Burst: 20}

// LimitOf returns the documented limit of an API.
func LimitOf(name string) APILimit {
	if limit, ok := APILimits[name]; ok {
		return limit
	}
	return unknownLimit
}

// Budget limits how often the providers' APIs are called. Every call takes from it, including each
// repeated one.
type Budget interface {
	// Take waits until one call may be made. It returns the context's error, or a TooLateError if the
	// call would have to wait past the context's deadline.
	Take(ctx context.Context, api API) error
	// Report reports whether the provider throttled a call.
	Report(ctx context.Context, api API, throttled bool)
}

// BudgetState is the state of an API's rate limit.
type BudgetState struct {
	API
	// Rate is in calls each second; MaxRate is its upper limit.
	Rate, MaxRate float64
	// ThrottleTime is when the provider last throttled a call; zero if never.
	ThrottleTime time.Time
}

// Budgets prepares and reports the rate limits of an account that is being read.
type Budgets interface {
	// Prepare leases a few calls of each API, which saves asking for each.
	Prepare(ctx context.Context, apis []API)
	// States returns the states of some APIs, as far as this process knows them.
	States(apis []API) []BudgetState
}
