package grpc

import (
	"math"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

func fromBudgets(messages []*inventoryv1.ApiBudget) []inventory.APIBudget {
	budgets := make([]inventory.APIBudget, len(messages))
	for n, m := range messages {
		budgets[n] = inventory.APIBudget{
			API: m.GetApi(), Location: m.GetLocation(), CallsPerSecond: finite(m.GetCallsPerSecond()),
			MaxCallsPerSecond: finite(m.GetMaxCallsPerSecond()), ThrottleTime: fromTime(m.GetThrottleTime()),
		}
	}
	return budgets
}

// finite returns 0 for a number that JSON can't write.
func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}
