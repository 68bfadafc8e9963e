package ratelimit

import (
	"context"
	"time"
)

// API is one API of a cloud in one location of an account: what the cloud limits
// the calls of. All who call share it, the account's own users among them.
type API struct {
	// Account is ours, the last part of accounts/{account}.
	Account string
	// Location is the region, or GlobalLocation.
	Location string
	// Name as in Limits, such as `ec2`.
	Name string
}

// GlobalLocation is where APIs are limited that know no regions.
const GlobalLocation = "global"

// APILimit is what a cloud allows of an API's calls in one location.
type APILimit struct {
	// Rate in calls a second, and Burst at once.
	Rate, Burst float64
}

// The APIs, by name.
const (
	APIEC2        = "ec2"
	APIEC2Changes = "ec2-changes"
	APIEC2Starts  = "ec2-starts"
	APIRDS        = "rds"
	APISTS        = "sts"
	APICompute    = "compute"
	APISQLAdmin   = "sqladmin"
)

// APILimits are what the clouds allow, by name. Accounts may have others: what
// is allowed in truth is learned.
var APILimits = map[string]APILimit{
	// Amazon EC2 Developer Guide, "Request throttling for the Amazon EC2 API":
	// non-mutating actions, each 100 and 20 a second; they are one here.
	APIEC2: {Rate: 20, Burst: 100},
	// The same, mutating actions, StopInstances among them: 50 and 5 a second.
	APIEC2Changes: {Rate: 5, Burst: 50},
	// The same, StartInstances, which has its own: 5 and 2 a second.
	APIEC2Starts: {Rate: 2, Burst: 5},
	// AWS publishes no limit of RDS. This is a careful guess for all its calls,
	// changes too; what is allowed in truth is learned.
	APIRDS: {Rate: 15, Burst: 60},
	// AWS STS, "Quotas": 600 a second for each account and region.
	APISTS: {Rate: 600, Burst: 600},
	// Compute Engine, "Rate quotas": 1,500 reads a minute for each project.
	APICompute: {Rate: 25, Burst: 250},
	// Cloud SQL, "Quotas and limits": 180 a minute for each user of a project.
	APISQLAdmin: {Rate: 3, Burst: 60},
}

// unknownLimit is of an API that is not in APILimits.
var unknownLimit = APILimit{Rate: 5, Burst: 20}

// LimitOf is what the cloud allows of an API.
func LimitOf(name string) APILimit {
	if limit, ok := APILimits[name]; ok {
		return limit
	}
	return unknownLimit
}

// Budget is the share of the clouds' limits that Rollcall takes. Every call to a
// cloud takes from it, each repetition too.
type Budget interface {
	// Take waits for the turn of one call. It fails with the context's error, or,
	// when its turn would come too late for that, with a failure.
	Take(ctx context.Context, api API) error
	// Told says what came of a call: whether the cloud throttled it.
	Report(ctx context.Context, api API, throttled bool)
}

// BudgetState is how an API's budget stands.
type BudgetState struct {
	API
	// Rate is in calls a second, of MaxRate that it will ever be.
	Rate, MaxRate float64
	// ThrottleTime is when the cloud last throttled a call; zero: never.
	ThrottleTime time.Time
}

// Budgets are the budgets of an account that is about to be read.
type Budgets interface {
	// Prepare has a few calls of each API at hand, which saves asking for each.
	Prepare(ctx context.Context, apis []API)
	// States tells how some stand, as far as this process knows.
	States(apis []API) []BudgetState
}
