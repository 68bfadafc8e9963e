package app_test

import (
	"context"
	"errors"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/cloudsim"
	simaws "github.com/rollcall-dev/rollcall/services/cloudsim/aws"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// user is a person who calls the account all the time.
type user struct {
	calls, throttled int64
	// inARow is the largest number of throttled calls in a row.
	inARow int64
}

// work calls the account at an interval until ctx ends. It does not repeat throttled calls.
func (r *rollcall) work(ctx context.Context, cloudID string, every time.Duration) *user {
	key := r.aws.Key(cloudID)
	client := ec2.New(ec2.Options{
		Region: home, BaseEndpoint: sdk.String(r.config.AWS.EndpointURL), Retryer: sdk.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.Secret, ""),
	})
	u, row := &user{}, int64(0)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return u
		case <-tick.C:
		}
		_, err := client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: sdk.Int32(5)})
		if ctx.Err() != nil {
			return u
		}
		u.calls++
		row++
		// Against a fast peer, the SDK loses a call now and then, which is not throttling.
		if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "RequestLimitExceeded" {
			u.throttled++
			u.inARow = max(u.inARow, row)
		} else {
			row = 0
		}
	}
}

// manyPages makes a sync of the account take many calls, and gives it the time that the rate limit
// needs on a busy machine.
func manyPages(c *app.Config) {
	c.AWS.PageSize = 5
	c.Limits.Run, c.Limits.Scope, c.Limits.Verify = patience, patience, patience
}

// beside runs a function while a user calls the account.
func (r *rollcall) beside(cloudID string, every time.Duration, do func()) *user {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan *user)
	go func() { done <- r.work(ctx, cloudID, every) }()
	do()
	cancel()
	return <-done
}

// two starts a second discovery process and returns both.
func (r *rollcall) two() [2]discoveryv1.DiscoveryServiceClient {
	r.t.Helper()
	second := r.config
	second.GRPC = serve.Pipe()
	client := discoveryv1.NewDiscoveryServiceClient(dial(r.t, second.GRPC))
	r.startDiscovery(second)
	return [2]discoveryv1.DiscoveryServiceClient{r.discovery, client}
}

// Two processes that sync and verify one account again and again leave its users half of the limit
// that AWS documents: nobody is throttled.
func TestBudget_LeavesShareToUsers(t *testing.T) {
	t.Parallel()
	r := start(t, clouds{aws: simaws.Config{Accounts: 2, Regions: []string{home}, Instances: 240, Limits: simaws.DocumentedLimits()}}, manyPages)
	both := r.two()
	cloudID := r.aws.Accounts()[1]
	account := r.add(cloudID, func(a *accountsv1.Account) { a.Paused = true })
	u := r.beside(cloudID, 110*time.Millisecond, func() {
		for range 2 {
			if run := r.sync(account.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
				t.Errorf("the run is %v", run)
			}
			for _, process := range both {
				if _, err := process.VerifyAccount(t.Context(), &discoveryv1.VerifyAccountRequest{Name: account.GetName()}); err != nil {
					t.Error(err)
				}
			}
		}
	})
	count := r.world.Requests(cloudsim.Call{Account: cloudID, Service: "ec2"})
	if u.throttled > 0 || count.Throttled > 0 || count.Requests < 100+u.calls {
		t.Errorf("of %d calls %d were throttled, of %d of the user's own %d", count.Requests, count.Throttled, u.calls, u.throttled)
	}
	// ListScopes shows the rate limit.
	response, err := r.inventory.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{Filter: `account = "` + account.GetName() + `"`})
	if err != nil || len(response.GetScopes()) != 2 {
		t.Fatalf("%v, %v", response, err)
	}
	for _, scope := range response.GetScopes() {
		budgets := scope.GetApiBudgets()
		if len(budgets) != 1 || budgets[0].GetLocation() != home || budgets[0].GetCallsPerSecond() <= 0 ||
			budgets[0].GetCallsPerSecond() > budgets[0].GetMaxCallsPerSecond() || budgets[0].GetThrottleTime() != nil {
			t.Errorf("a scope's budgets are %v", budgets)
		}
	}
}

// An account with a much lower limit than AWS documents is read too: the rate settles below the
// real limit, and the account's user is served.
func TestBudget_LearnsLowerLimit(t *testing.T) {
	t.Parallel()
	const allowed = 4.0
	r := start(t, clouds{aws: simaws.Config{Accounts: 2, Regions: []string{home}, Instances: 150, Limits: simaws.Limits{Read: cloudsim.Bucket{Size: 6, Refill: allowed}}}}, manyPages, func(c *app.Config) {
		c.AWS.Attempts, c.AWS.CallLimit = 12, time.Minute
		c.Limits.Run, c.Limits.Scope = patience, patience
	})
	r.two()
	cloudID := r.aws.Accounts()[1]
	account := r.add(cloudID, func(a *accountsv1.Account) { a.Paused = true })
	u := r.beside(cloudID, 600*time.Millisecond, func() {
		for range 2 {
			if run := r.sync(account.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
				t.Errorf("the run is %v", run)
			}
		}
	})
	count := r.world.Requests(cloudsim.Call{Account: cloudID, Service: "ec2", Action: "DescribeInstances"})
	t.Logf("of %d calls %d were throttled, of %d of the user's own %d, %d in a row", count.Requests, count.Throttled, u.calls, u.throttled, u.inARow)
	if u.inARow > 4 || 2*u.throttled > u.calls {
		t.Errorf("of the user's %d calls %d were throttled, %d in a row", u.calls, u.throttled, u.inARow)
	}
	if 4*count.Throttled > count.Requests {
		t.Errorf("of %d calls %d were throttled", count.Requests, count.Throttled)
	}
	var rate float64
	var throttled int
	err := r.db.Pool(t).QueryRow(t.Context(), `SELECT rate, throttled FROM api_budgets WHERE api = 'ec2' AND location = $1`, home).Scan(&rate, &throttled)
	if err != nil || rate > 1.5*allowed || throttled == 0 {
		t.Errorf("the rate is %f after %d calls were throttled (%v), and %f are allowed", rate, throttled, err, allowed)
	}
}
