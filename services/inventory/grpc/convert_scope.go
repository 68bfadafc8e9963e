package grpc

import (
	"math"
	"time"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

func toScope(s *inventory.Scope) *inventoryv1.Scope {
	m := &inventoryv1.Scope{
		Name:             s.String(),
		Account:          accountPrefix + s.Account,
		Provider:         toProvider(s.Provider),
		Kind:             toKind(s.Kind),
		Location:         s.Location,
		LastCompleteTime: toTime(s.LastCompleteTime),
		LastAttemptTime:  toTime(s.LastAttemptTime),
		LastError:        s.LastError,
		LastErrorReason:  s.LastErrorReason,
		InstanceCount:    s.InstanceCount,
	}
	if !s.LastCompleteTime.IsZero() {
		m.Age = durationpb.New(s.Age.Truncate(time.Millisecond))
	}
	if s.SyncInterval > 0 {
		m.SyncInterval = durationpb.New(s.SyncInterval)
	}
	if s.Hold != nil {
		m.Hold = &inventoryv1.Scope_Hold{HoldTime: toTime(s.Hold.Time), MissingCount: s.Hold.Missing, InstanceCount: s.Hold.Of}
	}
	for _, b := range s.Budgets {
		m.ApiBudgets = append(m.ApiBudgets, &inventoryv1.ApiBudget{
			Api: b.API, Location: b.Location, CallsPerSecond: b.CallsPerSecond, MaxCallsPerSecond: b.MaxCallsPerSecond,
			ThrottleTime: toTime(b.ThrottleTime),
		})
	}
	return m
}

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

// finite is 0 for what no JSON holds.
func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}
