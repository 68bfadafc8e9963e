package aws

import (
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// clockSpare is how far a clock may be off and AWS takes its signatures still
// (IAM User Guide, "Troubleshoot Signature Version 4": 5 minutes).
const clockSpare = 5 * time.Minute

// clockOff is how far our clock is off, to the second, by the date of the answer
// that is an error; 0 when that is within what AWS takes, or not known.
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

// late tells calls that EC2 took for old because of our clock. The SDK knows by
// now how far it is off and signs the next attempt accordingly; that it may try
// again after this error, of all those, it does not know.
func late(err error) aws.Ternary {
	if codeOf(err) == "RequestExpired" && clockOff(err) != 0 {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}
