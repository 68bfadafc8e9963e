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
	remedyCapacity = "Nothing, if it passes: AWS gets capacity back all the time. If it goes on, take another instance type or zone, " +
		"or reserve capacity for what has to start."
	remedyQuota = "Stop or delete something, or have the account's quota raised in AWS Service Quotas."
)

// capacityCodes say that there is no machine left. EC2 gives them a status of
// 500, and did nothing all the same.
var capacityCodes = []string{
	"InsufficientCapacity", "InsufficientDBClusterCapacityFault", "InsufficientDBInstanceCapacity", "InsufficientDBInstanceCapacityFault",
	"InsufficientHostCapacity", "InsufficientInstanceCapacity", "InsufficientReservedInstanceCapacity",
}

// refusalReasons are AWS's codes for why something is not started or stopped (EC2 API
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

// cantStop are refusals that share a code with others: what is meant is in the
// text alone.
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

// refusal says why a call was not taken, or is in doubt. err is what classify made
// of cause.
func (a *act) refusal(cause, err error, effect provider.Effect) *fault.Error {
	refusal := a.refusalByCode(cause)
	if refusal == nil {
		failure := provider.FaultOf(err)
		refusal = provider.ActionFault(failure)
		_, known := reasons[codeOf(cause)]
		if api, says := errors.AsType[smithy.APIError](cause); says && !known && refusal.Reason == fault.ReasonInternal {
			// A code that is new to us: what AWS says of it is all there is to say.
			refusal = fault.ForReason(fault.ReasonCloudFailed, fmt.Sprintf("%s says %s: %s", a.at, api.ErrorCode(), shorten(api.ErrorMessage())), "", cause)
		}
		if _, role := a.at.by.(provider.AWSAssumeRole); role && failure.Reason == fault.ReasonCredentialsExpired {
			refusal.Retryable = true // The role is assumed anew.
		}
	}
	if effect == provider.InDoubt {
		refusal.Retryable = true
	}
	return refusal
}

// refusalByCode reads AWS's own code; nil for those that mean the same of any
// call.
func (a *act) refusalByCode(err error) *fault.Error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || throttles.IsErrorThrottle(err) == aws.TrueTernary {
		return nil
	}
	code, says := api.ErrorCode(), fmt.Sprintf("%s says %s: %s", a.at, api.ErrorCode(), shorten(api.ErrorMessage()))
	for _, c := range cantStop {
		if a.order.Verb == provider.Stop && slices.Contains(c.codes, code) && c.text.MatchString(api.ErrorMessage()) {
			return fault.ForReason(c.reason, says, "", err)
		}
	}
	if slices.Contains(capacityCodes, code) {
		return fault.ForReason(fault.ReasonInsufficientCapacity, says, remedyCapacity, err).AsRetryable()
	}
	reason, known := refusalReasons[code]
	switch {
	case code == "UnsupportedOperation", code == "InvalidParameterCombination":
		return fault.ForReason(fault.ReasonUnsupported, says, "", err)
	case !known:
		return nil
	case reason == fault.ReasonInsufficientCapacity:
		return fault.ForReason(reason, says, remedyCapacity, err).AsRetryable()
	case reason == fault.ReasonQuotaExceeded:
		return fault.ForReason(reason, says, remedyQuota, err)
	case reason == fault.ReasonInvalidState:
		return fault.ForReason(reason, says, "Nothing, if it passes: what it is busy with ends.", err).AsRetryable()
	}
	return fault.ForReason(reason, says, "", err)
}
