package aws

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

const (
	remedyCapacity = "Nothing, if it passes: capacity becomes free all the time. If it goes on, use another instance type or zone, " +
		"or reserve capacity."
	remedyQuota = "Stop or delete something, or have the account's quota raised in AWS Service Quotas."
)

// capacityCodes lists the codes for a lack of machines. EC2 sends them with status 500, although it
// changed nothing.
var capacityCodes = []string{
	"InsufficientCapacity", "InsufficientDBClusterCapacityFault", "InsufficientDBInstanceCapacity", "InsufficientDBInstanceCapacityFault",
	"InsufficientHostCapacity", "InsufficientInstanceCapacity", "InsufficientReservedInstanceCapacity",
}

// refusalReasons has the reasons of AWS's codes for a start or stop that was not done (EC2 API
// Reference, "Error codes"; RDS API Reference, the errors of the four actions).
var refusalReasons = map[string]fault.Reason{
	"DBInstanceNotFound":          fault.ReasonNotFound,
	"DBInstanceNotFoundFault":     fault.ReasonNotFound,
	"DBClusterNotFoundFault":      fault.ReasonNotFound,
	"DBClusterNotFound":           fault.ReasonNotFound,
	"InvalidInstanceID":           fault.ReasonNotFound,
	"InvalidInstanceID.Malformed": fault.ReasonNotFound,
	"InvalidInstanceID.NotFound":  fault.ReasonNotFound,

	"IncorrectInstanceState":      fault.ReasonInvalidState,
	"IncorrectSpotRequestState":   fault.ReasonInvalidState,
	"IncorrectState":              fault.ReasonInvalidState,
	"InvalidDBClusterStateFault":  fault.ReasonInvalidState,
	"InvalidDBInstanceState":      fault.ReasonInvalidState,
	"InvalidDBInstanceStateFault": fault.ReasonInvalidState,

	"InstanceLimitExceeded":              fault.ReasonQuotaExceeded,
	"InstanceQuotaExceeded":              fault.ReasonQuotaExceeded,
	"MaxSpotInstanceCountExceeded":       fault.ReasonQuotaExceeded,
	"ResourceCountExceeded":              fault.ReasonQuotaExceeded,
	"SnapshotQuotaExceeded":              fault.ReasonQuotaExceeded,
	"SnapshotQuotaExceededFault":         fault.ReasonQuotaExceeded,
	"StorageQuotaExceeded":               fault.ReasonQuotaExceeded,
	"StorageQuotaExceededFault":          fault.ReasonQuotaExceeded,
	"VcpuLimitExceeded":                  fault.ReasonQuotaExceeded,
	"VolumeLimitExceeded":                fault.ReasonQuotaExceeded,
	"AddressLimitExceeded":               fault.ReasonQuotaExceeded,
	"InsufficientFreeAddressesInSubnet":  fault.ReasonQuotaExceeded,
	"InsufficientAddressCapacity":        fault.ReasonInsufficientCapacity,
	"InsufficientVolumeCapacity":         fault.ReasonInsufficientCapacity,
	"UnfulfillableCapacity":              fault.ReasonInsufficientCapacity,
	"ReservationCapacityExceeded":        fault.ReasonInsufficientCapacity,
	"HostLimitExceeded":                  fault.ReasonQuotaExceeded,
	"KMSKeyNotAccessibleFault":           fault.ReasonCloudFailed,
	"InvalidSubnet":                      fault.ReasonCloudFailed,
	"InvalidVPCNetworkStateFault":        fault.ReasonCloudFailed,
	"DBSubnetGroupNotFoundFault":         fault.ReasonCloudFailed,
	"AuthorizationNotFound":              fault.ReasonCloudFailed,
	"UnsupportedHostConfiguration":       fault.ReasonUnsupported,
	"Unsupported":                        fault.ReasonUnsupported,
	"DBSubnetGroupDoesNotCoverEnoughAZs": fault.ReasonCloudFailed,
}

// cantStop has the refusals whose code is ambiguous, so that only the text shows the reason.
var cantStop = []struct {
	codes  []string
	text   *regexp.Regexp
	reason fault.Reason
}{
	{[]string{"UnsupportedOperation"}, regexp.MustCompile(`(?i)spot instance`), fault.ReasonCantStopSpot},
	{[]string{"UnsupportedOperation"}, regexp.MustCompile(`(?i)root device|instance[- ]store`), fault.ReasonCantStopInstanceStore},
	{[]string{"OperationNotPermitted"}, regexp.MustCompile(`(?i)disableApiStop|may not be stopped`), fault.ReasonCantStopCloudProtected},
	{rdsCombination, regexp.MustCompile(`(?i)read[- ]?replica`), fault.ReasonCantStopReplicas},
	{rdsCombination, regexp.MustCompile(`(?i)mirroring|multi-?az`), fault.ReasonCantStopMultiAZ},
	{rdsCombination, regexp.MustCompile(`(?i)not eligible|global|serverless|cluster`), fault.ReasonCantStopCluster},
}

var rdsCombination = []string{"InvalidParameterCombination", "InvalidDBInstanceState", "InvalidDBClusterStateFault"}

// refusal returns why a call was not accepted, or is in doubt. err is the classified cause.
func (a *act) refusal(cause, err error, effect provider.Effect) *fault.Error {
	refusal := a.refusalByCode(cause)
	if refusal == nil {
		failure := provider.FaultOf(err)
		refusal = provider.ActionFault(failure)
		_, known := reasons[codeOf(cause)]
		if api, ok := errors.AsType[smithy.APIError](cause); ok && !known && refusal.Reason == fault.ReasonInternal {
			// The code is unknown: the message of AWS is all there is.
			refusal = fault.ForReason(fault.ReasonCloudFailed, fmt.Sprintf("%s answered %s: %s", a.at, api.ErrorCode(), shorten(api.ErrorMessage())), "", cause)
		}
		if _, role := a.at.by.(provider.AWSAssumeRole); role && failure.Reason == fault.ReasonCredentialsExpired {
			refusal.Retryable = true // The role will be assumed again.
		}
	}
	if effect == provider.InDoubt {
		refusal.Retryable = true
	}
	return refusal
}

// refusalByCode returns the refusal for a code of AWS. It returns nil for codes that mean the same for
// every call.
func (a *act) refusalByCode(err error) *fault.Error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || throttles.IsErrorThrottle(err) == aws.TrueTernary {
		return nil
	}
	code, problem := api.ErrorCode(), fmt.Sprintf("%s answered %s: %s", a.at, api.ErrorCode(), shorten(api.ErrorMessage()))
	for _, c := range cantStop {
		if a.order.Verb == provider.Stop && slices.Contains(c.codes, code) && c.text.MatchString(api.ErrorMessage()) {
			return fault.ForReason(c.reason, problem, "", err)
		}
	}
	if slices.Contains(capacityCodes, code) {
		return fault.ForReason(fault.ReasonInsufficientCapacity, problem, remedyCapacity, err).AsRetryable()
	}
	reason, known := refusalReasons[code]
	switch {
	case code == "UnsupportedOperation", code == "InvalidParameterCombination":
		return fault.ForReason(fault.ReasonUnsupported, problem, "", err)
	case !known:
		return nil
	case reason == fault.ReasonInsufficientCapacity:
		return fault.ForReason(reason, problem, remedyCapacity, err).AsRetryable()
	case reason == fault.ReasonQuotaExceeded:
		return fault.ForReason(reason, problem, remedyQuota, err)
	case reason == fault.ReasonInvalidState:
		return fault.ForReason(reason, problem, "Nothing, if it passes: the state changes by itself.", err).AsRetryable()
	}
	return fault.ForReason(reason, problem, "", err)
}
