package aws

import (
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// clockSpare is how far a clock may be off for AWS to accept its signatures (IAM User Guide,
// "Troubleshoot Signature Version 4": 5 minutes).
const clockSpare = 5 * time.Minute

// clockOff returns how far the local clock is off, to the second, by the date of an error answer. It
// returns 0 if AWS accepts the difference, or if it is unknown.
func clockOff(err error) time.Duration {
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || response.Response == nil || response.Response.Response == nil {
		return 0
	}
	date, err := http.ParseTime(response.Response.Header.Get("Date"))
	if err != nil {
		return 0
	}
	if off := time.Since(date).Abs(); off > clockSpare {
		return off.Round(time.Second)
	}
	return 0
}

// late marks calls as retryable that EC2 rejected as expired because the local clock is off. The SDK
// corrects the time of the next signature, and does not retry after this error by itself.
func late(err error) aws.Ternary {
	if codeOf(err) == "RequestExpired" && clockOff(err) != 0 {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}
