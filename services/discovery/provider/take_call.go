package provider

import (
	"context"
	"errors"

	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// TakeCall waits until the budget permits one call to an API. It returns the error of the context,
// or a fault with reason THROTTLED if the call would be permitted only after the deadline of the
// context.
func TakeCall(ctx context.Context, budget ratelimit.Budget, api ratelimit.API) error {
	err := budget.Take(ctx, api)
	if late, ok := errors.AsType[*ratelimit.TooLateError](err); ok {
		return fault.ForReason(fault.ReasonThrottled, late.Error(),
			"Give the account a longer sync interval, ask the cloud for a higher limit, or give Rollcall a larger share of it (ROLLCALL_API_BUDGET_SHARE).", late)
	}
	return err
}
