package clients

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
)

func budgetsOf(states []ratelimit.BudgetState) []*inventoryv1.ApiBudget {
	budgets := make([]*inventoryv1.ApiBudget, len(states))
	for n := range states {
		s := &states[n]
		budgets[n] = &inventoryv1.ApiBudget{Api: s.Name, Location: s.Location, CallsPerSecond: s.Rate, MaxCallsPerSecond: s.MaxRate}
		if !s.ThrottleTime.IsZero() {
			budgets[n].ThrottleTime = timestamppb.New(s.ThrottleTime)
		}
	}
	return budgets
}
