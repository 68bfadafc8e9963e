package gcp

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"google.golang.org/api/googleapi"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	remedyCapacity = "Rollcall tries again by itself: Google's free capacity changes all the time. If it goes on, use another machine type or zone, " +
		"or reserve capacity for instances that must start."
	remedyQuota = "Stop or delete something, or have the project's quota raised (IAM & Admin, Quotas)."
	remedyBusy  = "Wait until the instance has ended its work."
)

// Messages of errors whose reason alone is ambiguous.
var (
	quotaMessage    = regexp.MustCompile(`(?i)^quota '`)
	capacityMessage = regexp.MustCompile(`(?i)does not have enough resources available|stockout`)
	localSSDMessage = regexp.MustCompile(`(?i)local[ -]?ssd`)
	replicaMessage  = regexp.MustCompile(`(?i)replica`)
)

// isCapacity reports whether the reason of an error, or the code of an operation, means that Google
// has no capacity left.
func isCapacity(code string) bool {
	code = strings.ToUpper(code)
	return strings.Contains(code, "RESOURCE_POOL_EXHAUSTED") || strings.Contains(code, "RESOURCEPOOLEXHAUSTED") || code == "STOCKOUT"
}

// isQuota reports whether the quota of the project is used up. Such an error has the same reason as
// one for too many calls.
func isQuota(err error) bool {
	api, ok := errors.AsType[*googleapi.Error](err)
	return ok && quotaMessage.MatchString(api.Message)
}

// refusalOf returns the fault of a start or stop that was rejected, or whose effect is in doubt.
func refusalOf(err error, c call, verb provider.Verb) *fault.Error {
	if _, ok := errors.AsType[*signInError](err); !ok {
		if api, ok := errors.AsType[*googleapi.Error](err); ok {
			if refusal := apiRefusal(api, c, verb); refusal != nil {
				return refusal
			}
		}
	}
	refusal := provider.ActionFault(provider.FaultOf(classify(err, c)))
	if statusOf(err) == http.StatusUnauthorized {
		refusal.Retryable = true // The session has dropped the token and fetches another one.
	}
	return refusal
}

// apiRefusal returns the fault of a rejected start or stop. It returns nil for errors that mean the
// same for any call.
func apiRefusal(api *googleapi.Error, c call, verb provider.Verb) *fault.Error {
	text := fmt.Sprintf("%s answered: %s", c, providerkit.Shorten(api.Message))
	reason := reasonOf(api)
	switch {
	case isCapacity(reason) || capacityMessage.MatchString(api.Message):
		return fault.ForReason(fault.ReasonInsufficientCapacity, text, remedyCapacity, api).AsRetryable()
	case isQuota(api):
		return fault.ForReason(fault.ReasonQuotaExceeded, text, remedyQuota, api)
	case isThrottled(api):
		return nil
	case verb == provider.Stop && api.Code == http.StatusBadRequest && localSSDMessage.MatchString(api.Message):
		return fault.ForReason(fault.ReasonCantStopLocalDisk, text, "Save the content of the local SSDs, and stop the VM in the cloud.", api)
	case verb == provider.Stop && api.Code == http.StatusBadRequest && c.api == sqlAPI && replicaMessage.MatchString(api.Message):
		return fault.ForReason(fault.ReasonCantStopReplicas, text, "Promote or delete the replica.", api)
	case api.Code == http.StatusNotFound && len(api.Errors) > 0:
		return fault.ForReason(fault.ReasonNotFound, text, "", api)
	case api.Code == http.StatusConflict, api.Code == http.StatusPreconditionFailed, isNotReady(reason):
		return fault.ForReason(fault.ReasonInvalidState, text, remedyBusy, api).AsRetryable()
	case api.Code == http.StatusBadRequest:
		return fault.ForReason(fault.ReasonCloudFailed, text, "", api)
	}
	return nil
}

// isNotReady reports whether a reason means that the state of the instance does not allow the call.
func isNotReady(reason string) bool {
	switch reason {
	case "resourceNotReady", "invalidState", "operationInProgress", "resourceInUseByAnotherResource", "conditionNotMet", "failedPrecondition":
		return true
	}
	return false
}

// operationRefusal returns the fault of an operation that failed, by its error code.
func operationRefusal(c call, verb provider.Verb, code, message string) *fault.Error {
	text := fmt.Sprintf("%s failed to %s the instance: %s: %s", c, verb.Word(), providerkit.Shorten(code), providerkit.Shorten(message))
	upper := strings.ToUpper(code)
	switch {
	case isCapacity(upper) || capacityMessage.MatchString(message):
		return fault.ForReason(fault.ReasonInsufficientCapacity, text, remedyCapacity, nil).AsRetryable()
	case strings.Contains(upper, "RATE_EXCEEDED"), strings.Contains(upper, "RATE_LIMIT"):
		return fault.ForReason(fault.ReasonThrottled, text, "", nil).AsRetryable()
	case strings.Contains(upper, "QUOTA"), strings.Contains(upper, "LIMIT_EXCEEDED"):
		return fault.ForReason(fault.ReasonQuotaExceeded, text, remedyQuota, nil)
	case strings.Contains(upper, "PERMISSION"), strings.Contains(upper, "FORBIDDEN"):
		return fault.ForReason(fault.ReasonPermissionDenied, text, "", nil)
	case strings.Contains(upper, "NOT_READY"), strings.Contains(upper, "IN_USE"), strings.Contains(upper, "IN_PROGRESS"):
		return fault.ForReason(fault.ReasonInvalidState, text, remedyBusy, nil).AsRetryable()
	case upper == "RESOURCE_NOT_FOUND":
		return fault.ForReason(fault.ReasonTerminated, text, "", nil)
	}
	return fault.ForReason(fault.ReasonCloudFailed, text, "", nil)
}
