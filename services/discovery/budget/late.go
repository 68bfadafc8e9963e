package budget

import (
	"fmt"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// tooLate is the failure of a call whose turn would come too late.
func tooLate(api discovery.API, rate float64) *discovery.Failure {
	return discovery.NewFailure(discovery.Throttled,
		fmt.Sprintf("the turn of a call to %s in %s would come too late: the account is called at most %.1f times a second there, so that its own users are not throttled",
			api.Name, api.Location, rate),
		"Give the account a longer sync interval, ask the cloud for a higher limit, or give Rollcall a larger share of it (ROLLCALL_API_BUDGET_SHARE).", nil)
}
