package aws

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/rollcall-dev/rollcall/services/discovery"
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
var refusalReasons = map[string]discovery.RefusalReason{
	"DBInstanceNotFound":          discovery.NoInstance,
	"DBInstanceNotFoundFault":     discovery.NoInstance,
	"DBClusterNotFoundFault":      discovery.NoInstance,
	"DBClusterNotFound":           discovery.NoInstance,
	"InvalidInstanceID":           discovery.NoInstance,
	"InvalidInstanceID.Malformed": discovery.NoInstance,
	"InvalidInstanceID.NotFound":  discovery.NoInstance,

	"IncorrectInstanceState":      discovery.WrongState,
	"IncorrectSpotRequestState":   discovery.WrongState,
	"IncorrectState":              discovery.WrongState,
	"InvalidDBClusterStateFault":  discovery.WrongState,
	"InvalidDBInstanceState":      discovery.WrongState,
	"InvalidDBInstanceStateFault": discovery.WrongState,

	"InstanceLimitExceeded":              discovery.QuotaExceeded,
	"InstanceQuotaExceeded":              discovery.QuotaExceeded,
	"MaxSpotInstanceCountExceeded":       discovery.QuotaExceeded,
	"ResourceCountExceeded":              discovery.QuotaExceeded,
	"SnapshotQuotaExceeded":              discovery.QuotaExceeded,
	"SnapshotQuotaExceededFault":         discovery.QuotaExceeded,
	"StorageQuotaExceeded":               discovery.QuotaExceeded,
	"StorageQuotaExceededFault":          discovery.QuotaExceeded,
	"VcpuLimitExceeded":                  discovery.QuotaExceeded,
	"VolumeLimitExceeded":                discovery.QuotaExceeded,
	"AddressLimitExceeded":               discovery.QuotaExceeded,
	"InsufficientFreeAddressesInSubnet":  discovery.QuotaExceeded,
	"InsufficientAddressCapacity":        discovery.InsufficientCapacity,
	"InsufficientVolumeCapacity":         discovery.InsufficientCapacity,
	"UnfulfillableCapacity":              discovery.InsufficientCapacity,
	"ReservationCapacityExceeded":        discovery.InsufficientCapacity,
	"HostLimitExceeded":                  discovery.QuotaExceeded,
	"KMSKeyNotAccessibleFault":           discovery.CloudFailed,
	"InvalidSubnet":                      discovery.CloudFailed,
	"InvalidVPCNetworkStateFault":        discovery.CloudFailed,
	"DBSubnetGroupNotFoundFault":         discovery.CloudFailed,
	"AuthorizationNotFound":              discovery.CloudFailed,
	"UnsupportedHostConfiguration":       discovery.Unsupported,
	"Unsupported":                        discovery.Unsupported,
	"DBSubnetGroupDoesNotCoverEnoughAZs": discovery.CloudFailed,
}

// cantStop are refusals that share a code with others: what is meant is in the
// text alone.
var cantStop = []struct {
	codes  []string
	text   *regexp.Regexp
	reason discovery.RefusalReason
}{
	{[]string{"UnsupportedOperation"}, regexp.MustCompile(`(?i)spot instance`), discovery.CantStopSpot},
	{[]string{"UnsupportedOperation"}, regexp.MustCompile(`(?i)root device|instance[- ]store`), discovery.CantStopInstanceStore},
	{[]string{"OperationNotPermitted"}, regexp.MustCompile(`(?i)disableApiStop|may not be stopped`), discovery.CantStopProtected},
	{rdsCombination, regexp.MustCompile(`(?i)read[- ]?replica`), discovery.CantStopReplicas},
	{rdsCombination, regexp.MustCompile(`(?i)mirroring|multi-?az`), discovery.CantStopMultiAZ},
	{rdsCombination, regexp.MustCompile(`(?i)not eligible|global|serverless|cluster`), discovery.CantStopCluster},
}

var rdsCombination = []string{"InvalidParameterCombination", "InvalidDBInstanceState", "InvalidDBClusterStateFault"}

// refusal says why a call was not taken, or is in doubt. err is what classify made
// of cause.
func (a *act) refusal(cause, err error, effect discovery.Effect) *discovery.Refusal {
	refusal := a.refusalByCode(cause)
	if refusal == nil {
		failure := discovery.FailureOf(err)
		refusal = discovery.RefusalOf(failure)
		_, known := reasons[codeOf(cause)]
		if api, says := errors.AsType[smithy.APIError](cause); says && !known && refusal.Reason == discovery.OurFault {
			// A code that is new to us: what AWS says of it is all there is to say.
			refusal = discovery.NewRefusal(discovery.CloudFailed, fmt.Sprintf("%s says %s: %s", a.at, api.ErrorCode(), shorten(api.ErrorMessage())), "", cause)
		}
		if _, role := a.at.by.(discovery.AWSAssumeRole); role && failure.Reason == discovery.CredentialsExpired {
			refusal.Transient = true // The role is assumed anew.
		}
	}
	if effect == discovery.InDoubt {
		refusal.Transient = true
	}
	return refusal
}

// refusalByCode reads AWS's own code; nil for those that mean the same of any
// call.
func (a *act) refusalByCode(err error) *discovery.Refusal {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || throttles.IsErrorThrottle(err) == aws.TrueTernary {
		return nil
	}
	code, says := api.ErrorCode(), fmt.Sprintf("%s says %s: %s", a.at, api.ErrorCode(), shorten(api.ErrorMessage()))
	for _, c := range cantStop {
		if a.order.Verb == discovery.Stop && slices.Contains(c.codes, code) && c.text.MatchString(api.ErrorMessage()) {
			return discovery.NewRefusal(c.reason, says, "", err)
		}
	}
	if slices.Contains(capacityCodes, code) {
		return discovery.NewRefusal(discovery.InsufficientCapacity, says, remedyCapacity, err).Soon()
	}
	reason, known := refusalReasons[code]
	switch {
	case code == "UnsupportedOperation", code == "InvalidParameterCombination":
		return discovery.NewRefusal(discovery.Unsupported, says, "", err)
	case !known:
		return nil
	case reason == discovery.InsufficientCapacity:
		return discovery.NewRefusal(reason, says, remedyCapacity, err).Soon()
	case reason == discovery.QuotaExceeded:
		return discovery.NewRefusal(reason, says, remedyQuota, err)
	case reason == discovery.WrongState:
		return discovery.NewRefusal(reason, says, "Nothing, if it passes: what it is busy with ends.", err).Soon()
	}
	return discovery.NewRefusal(reason, says, "", err)
}
