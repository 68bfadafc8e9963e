package aws

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
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
var refusalReasons = map[string]provider.RefusalReason{
	"DBInstanceNotFound":          provider.NoInstance,
	"DBInstanceNotFoundFault":     provider.NoInstance,
	"DBClusterNotFoundFault":      provider.NoInstance,
	"DBClusterNotFound":           provider.NoInstance,
	"InvalidInstanceID":           provider.NoInstance,
	"InvalidInstanceID.Malformed": provider.NoInstance,
	"InvalidInstanceID.NotFound":  provider.NoInstance,

	"IncorrectInstanceState":      provider.WrongState,
	"IncorrectSpotRequestState":   provider.WrongState,
	"IncorrectState":              provider.WrongState,
	"InvalidDBClusterStateFault":  provider.WrongState,
	"InvalidDBInstanceState":      provider.WrongState,
	"InvalidDBInstanceStateFault": provider.WrongState,

	"InstanceLimitExceeded":              provider.QuotaExceeded,
	"InstanceQuotaExceeded":              provider.QuotaExceeded,
	"MaxSpotInstanceCountExceeded":       provider.QuotaExceeded,
	"ResourceCountExceeded":              provider.QuotaExceeded,
	"SnapshotQuotaExceeded":              provider.QuotaExceeded,
	"SnapshotQuotaExceededFault":         provider.QuotaExceeded,
	"StorageQuotaExceeded":               provider.QuotaExceeded,
	"StorageQuotaExceededFault":          provider.QuotaExceeded,
	"VcpuLimitExceeded":                  provider.QuotaExceeded,
	"VolumeLimitExceeded":                provider.QuotaExceeded,
	"AddressLimitExceeded":               provider.QuotaExceeded,
	"InsufficientFreeAddressesInSubnet":  provider.QuotaExceeded,
	"InsufficientAddressCapacity":        provider.InsufficientCapacity,
	"InsufficientVolumeCapacity":         provider.InsufficientCapacity,
	"UnfulfillableCapacity":              provider.InsufficientCapacity,
	"ReservationCapacityExceeded":        provider.InsufficientCapacity,
	"HostLimitExceeded":                  provider.QuotaExceeded,
	"KMSKeyNotAccessibleFault":           provider.CloudFailed,
	"InvalidSubnet":                      provider.CloudFailed,
	"InvalidVPCNetworkStateFault":        provider.CloudFailed,
	"DBSubnetGroupNotFoundFault":         provider.CloudFailed,
	"AuthorizationNotFound":              provider.CloudFailed,
	"UnsupportedHostConfiguration":       provider.Unsupported,
	"Unsupported":                        provider.Unsupported,
	"DBSubnetGroupDoesNotCoverEnoughAZs": provider.CloudFailed,
}

// cantStop are refusals that share a code with others: what is meant is in the
// text alone.
var cantStop = []struct {
	codes  []string
	text   *regexp.Regexp
	reason provider.RefusalReason
}{
	{[]string{"UnsupportedOperation"}, regexp.MustCompile(`(?i)spot instance`), provider.CantStopSpot},
	{[]string{"UnsupportedOperation"}, regexp.MustCompile(`(?i)root device|instance[- ]store`), provider.CantStopInstanceStore},
	{[]string{"OperationNotPermitted"}, regexp.MustCompile(`(?i)disableApiStop|may not be stopped`), provider.CantStopProtected},
	{rdsCombination, regexp.MustCompile(`(?i)read[- ]?replica`), provider.CantStopReplicas},
	{rdsCombination, regexp.MustCompile(`(?i)mirroring|multi-?az`), provider.CantStopMultiAZ},
	{rdsCombination, regexp.MustCompile(`(?i)not eligible|global|serverless|cluster`), provider.CantStopCluster},
}

var rdsCombination = []string{"InvalidParameterCombination", "InvalidDBInstanceState", "InvalidDBClusterStateFault"}

// refusal says why a call was not taken, or is in doubt. err is what classify made
// of cause.
func (a *act) refusal(cause, err error, effect provider.Effect) *provider.Refusal {
	refusal := a.refusalByCode(cause)
	if refusal == nil {
		failure := provider.FailureOf(err)
		refusal = provider.RefusalOf(failure)
		_, known := reasons[codeOf(cause)]
		if api, says := errors.AsType[smithy.APIError](cause); says && !known && refusal.Reason == provider.OurFault {
			// A code that is new to us: what AWS says of it is all there is to say.
			refusal = provider.NewRefusal(provider.CloudFailed, fmt.Sprintf("%s says %s: %s", a.at, api.ErrorCode(), shorten(api.ErrorMessage())), "", cause)
		}
		if _, role := a.at.by.(provider.AWSAssumeRole); role && failure.Reason == provider.CredentialsExpired {
			refusal.Transient = true // The role is assumed anew.
		}
	}
	if effect == provider.InDoubt {
		refusal.Transient = true
	}
	return refusal
}

// refusalByCode reads AWS's own code; nil for those that mean the same of any
// call.
func (a *act) refusalByCode(err error) *provider.Refusal {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || throttles.IsErrorThrottle(err) == aws.TrueTernary {
		return nil
	}
	code, says := api.ErrorCode(), fmt.Sprintf("%s says %s: %s", a.at, api.ErrorCode(), shorten(api.ErrorMessage()))
	for _, c := range cantStop {
		if a.order.Verb == provider.Stop && slices.Contains(c.codes, code) && c.text.MatchString(api.ErrorMessage()) {
			return provider.NewRefusal(c.reason, says, "", err)
		}
	}
	if slices.Contains(capacityCodes, code) {
		return provider.NewRefusal(provider.InsufficientCapacity, says, remedyCapacity, err).Soon()
	}
	reason, known := refusalReasons[code]
	switch {
	case code == "UnsupportedOperation", code == "InvalidParameterCombination":
		return provider.NewRefusal(provider.Unsupported, says, "", err)
	case !known:
		return nil
	case reason == provider.InsufficientCapacity:
		return provider.NewRefusal(reason, says, remedyCapacity, err).Soon()
	case reason == provider.QuotaExceeded:
		return provider.NewRefusal(reason, says, remedyQuota, err)
	case reason == provider.WrongState:
		return provider.NewRefusal(reason, says, "Nothing, if it passes: what it is busy with ends.", err).Soon()
	}
	return provider.NewRefusal(reason, says, "", err)
}
