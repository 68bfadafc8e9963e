package gcp

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"google.golang.org/api/googleapi"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	remedyCapacity = "Nothing, if it passes: Google gets capacity back all the time. If it goes on, take another machine type or zone, " +
		"or reserve capacity for what has to start."
	remedyQuota = "Stop or delete something, or have the project's quota raised (IAM & Admin, Quotas)."
	remedyBusy  = "Nothing, if it passes: what it is busy with ends."
)

// What texts of Google's mean where the reason is one that means many things.
var (
	textOfQuota    = regexp.MustCompile(`(?i)^quota '`)
	textOfCapacity = regexp.MustCompile(`(?i)does not have enough resources available|stockout`)
	textOfLocalSSD = regexp.MustCompile(`(?i)local[ -]?ssd`)
	textOfReplica  = regexp.MustCompile(`(?i)replica`)
)

// reasonIn is the reason of an error of the API, in either of its forms.
func reasonIn(api *googleapi.Error) string {
	if len(api.Errors) > 0 && api.Errors[0].Reason != "" {
		return api.Errors[0].Reason
	}
	return detailsOf(api).reason
}

func isCapacity(code string) bool {
	code = strings.ToUpper(code)
	return strings.Contains(code, "RESOURCE_POOL_EXHAUSTED") || strings.Contains(code, "RESOURCEPOOLEXHAUSTED") || code == "STOCKOUT"
}

// isQuota tells a refusal for the project's own limit, which shares its reason
// with refusals for too many calls.
func isQuota(err error) bool {
	api, ok := errors.AsType[*googleapi.Error](err)
	return ok && textOfQuota.MatchString(api.Message)
}

// refusalOf says why a call was not taken, or is in doubt.
func refusalOf(err error, at call, verb provider.Verb) *fault.Error {
	if _, ok := errors.AsType[*signInError](err); !ok {
		if api, ok := errors.AsType[*googleapi.Error](err); ok {
			if refusal := apiRefusal(api, at, verb); refusal != nil {
				return refusal
			}
		}
	}
	failure := provider.FaultOf(classify(err, at))
	refusal := provider.ActionFault(failure)
	if statusOf(err) == http.StatusUnauthorized {
		refusal.Retryable = true // The token is dropped, and another one fetched.
	}
	return refusal
}

// apiRefusal reads Google's own error; nil for those that mean the same of any
// call.
func apiRefusal(api *googleapi.Error, at call, verb provider.Verb) *fault.Error {
	says := fmt.Sprintf("%s says: %s", at, shorten(api.Message))
	reason := reasonIn(api)
	switch {
	case isCapacity(reason) || textOfCapacity.MatchString(api.Message):
		return fault.ForReason(fault.ReasonInsufficientCapacity, says, remedyCapacity, api).AsRetryable()
	case isQuota(api):
		return fault.ForReason(fault.ReasonQuotaExceeded, says, remedyQuota, api)
	case isThrottled(api):
		return nil
	case verb == provider.Stop && api.Code == http.StatusBadRequest && textOfLocalSSD.MatchString(api.Message):
		return fault.ForReason(fault.ReasonCantStopLocalDisk, says, "Save what is on them, and stop it in the cloud itself.", api)
	case verb == provider.Stop && api.Code == http.StatusBadRequest && at.api == sqlAPI && textOfReplica.MatchString(api.Message):
		return fault.ForReason(fault.ReasonCantStopReplicas, says, "Promote or delete the replica.", api)
	case api.Code == http.StatusNotFound && len(api.Errors) > 0:
		return fault.ForReason(fault.ReasonNotFound, says, "", api)
	case api.Code == http.StatusConflict, api.Code == http.StatusPreconditionFailed, isNotReady(reason):
		return fault.ForReason(fault.ReasonInvalidState, says, remedyBusy, api).AsRetryable()
	case api.Code == http.StatusBadRequest:
		return fault.ForReason(fault.ReasonCloudFailed, says, "", api)
	}
	return nil
}

// isNotReady tells the reasons that say that it is not in a state for this.
func isNotReady(reason string) bool {
	switch reason {
	case "resourceNotReady", "invalidState", "operationInProgress", "resourceInUseByAnotherResource", "conditionNotMet", "failedPrecondition":
		return true
	}
	return false
}

// operationRefusal says why an operation that was taken has failed, by the code
// in it.
func operationRefusal(at call, verb provider.Verb, code, message string) *fault.Error {
	says := fmt.Sprintf("%s gave it up to %s: %s: %s", at, verb.Word(), shorten(code), shorten(message))
	upper := strings.ToUpper(code)
	switch {
	case isCapacity(upper) || textOfCapacity.MatchString(message):
		return fault.ForReason(fault.ReasonInsufficientCapacity, says, remedyCapacity, nil).AsRetryable()
	case strings.Contains(upper, "RATE_EXCEEDED"), strings.Contains(upper, "RATE_LIMIT"):
		return fault.ForReason(fault.ReasonThrottled, says, "", nil).AsRetryable()
	case strings.Contains(upper, "QUOTA"), strings.Contains(upper, "LIMIT_EXCEEDED"):
		return fault.ForReason(fault.ReasonQuotaExceeded, says, remedyQuota, nil)
	case strings.Contains(upper, "PERMISSION"), strings.Contains(upper, "FORBIDDEN"):
		return fault.ForReason(fault.ReasonPermissionDenied, says, "", nil)
	case strings.Contains(upper, "NOT_READY"), strings.Contains(upper, "IN_USE"), strings.Contains(upper, "IN_PROGRESS"):
		return fault.ForReason(fault.ReasonInvalidState, says, remedyBusy, nil).AsRetryable()
	case upper == "RESOURCE_NOT_FOUND":
		return fault.ForReason(fault.ReasonTerminated, says, "", nil)
	}
	return fault.ForReason(fault.ReasonCloudFailed, says, "", nil)
}
