package clients

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
)

func TestBudgetsOf(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	api := ratelimit.API{Account: "a", Location: "eu-west-1", Name: ratelimit.APIEC2}
	got := budgetsOf([]ratelimit.BudgetState{{API: api, Rate: 2, MaxRate: 10, ThrottleTime: at}, {API: api, Rate: 10, MaxRate: 10}})
	if len(got) != 2 || got[0].GetApi() != "ec2" || got[0].GetLocation() != "eu-west-1" || got[0].GetCallsPerSecond() != 2 ||
		got[0].GetMaxCallsPerSecond() != 10 || !got[0].GetThrottleTime().AsTime().Equal(at) || got[1].GetThrottleTime() != nil {
		t.Errorf("%v", got)
	}
}
