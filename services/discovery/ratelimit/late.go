package ratelimit

import "fmt"

// TooLateError is returned for a call whose turn would come after its deadline.
type TooLateError struct {
	API API
	// Rate is how many calls a second Rollcall makes to the API at present.
	Rate float64
}

// Error describes the limit that was met.
func (e *TooLateError) Error() string {
	return fmt.Sprintf("the turn of a call to %s in %s would come too late: the account is called at most %.1f times a second there, so that its own users are not throttled",
		e.API.Name, e.API.Location, e.Rate)
}
