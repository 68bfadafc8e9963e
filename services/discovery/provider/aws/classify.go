package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// call describes a call for its errors.
type call struct {
	// service is a name for people: EC2. permission is the one that the call needs:
	// `ec2:DescribeInstances`.
	service, region, permission string
	// optional reports whether accounts can be read without the permission.
	optional bool
	// principal is the ARN of the caller, or "" if it is not known yet.
	principal string
	// by are the credentials that signed the call; nil means the default chain.
	by provider.Credentials
	// role is the role that the call should assume, or nil.
	role *provider.AWSAssumeRole
}

// String returns the service and region for people: `EC2 in eu-west-1`.
func (c call) String() string { return c.service + " in " + c.region }

// reasons has the error codes of AWS that mean the same in every service that Rollcall calls (EC2 API
// Reference, "Error codes for the Amazon EC2 API"; "Common error types" of RDS and STS).
var reasons = map[string]fault.Reason{
	"AuthFailure":                 fault.ReasonCredentialsInvalid,
	"IncompleteSignature":         fault.ReasonCredentialsInvalid,
	"InvalidAccessKeyId":          fault.ReasonCredentialsInvalid,
	"InvalidClientTokenId":        fault.ReasonCredentialsInvalid,
	"InvalidIdentityToken":        fault.ReasonCredentialsInvalid,
	"InvalidSecurity":             fault.ReasonCredentialsInvalid,
	"InvalidSignatureException":   fault.ReasonCredentialsInvalid,
	"MissingAuthenticationToken":  fault.ReasonCredentialsInvalid,
	"NotAuthorized":               fault.ReasonCredentialsInvalid,
	"SignatureDoesNotMatch":       fault.ReasonCredentialsInvalid,
	"UnrecognizedClientException": fault.ReasonCredentialsInvalid,

	"ExpiredToken":          fault.ReasonCredentialsExpired,
	"ExpiredTokenException": fault.ReasonCredentialsExpired,
	"RequestExpired":        fault.ReasonCredentialsExpired,
	"TokenRefreshRequired":  fault.ReasonCredentialsExpired,
	"IDPRejectedClaim":      fault.ReasonCredentialsExpired,
	"UnauthorizedException": fault.ReasonCredentialsExpired, // IAM Identity Center
	"InvalidGrantException": fault.ReasonCredentialsExpired, // IAM Identity Center

	"AccessDenied":           fault.ReasonPermissionDenied,
	"AccessDeniedException":  fault.ReasonPermissionDenied,
	"AuthorizationError":     fault.ReasonPermissionDenied,
	"ForbiddenException":     fault.ReasonPermissionDenied,
	"NotAuthorizedException": fault.ReasonPermissionDenied,
	"OperationNotPermitted":  fault.ReasonPermissionDenied,
	"UnauthorizedOperation":  fault.ReasonPermissionDenied,
	"UnauthorizedAccess":     fault.ReasonPermissionDenied,
	"Blocked":                fault.ReasonPermissionDenied,

	"OptInRequired":                 fault.ReasonAPIDisabled,
	"PendingVerification":           fault.ReasonAPIDisabled,
	"RegionDisabledException":       fault.ReasonAPIDisabled,
	"SubscriptionRequiredException": fault.ReasonAPIDisabled,

	"InternalError":               fault.ReasonUnreachable,
	"InternalFailure":             fault.ReasonUnreachable,
	"InternalServerError":         fault.ReasonUnreachable,
	"ServerInternal":              fault.ReasonUnreachable,
	"ServiceUnavailable":          fault.ReasonUnreachable,
	"ServiceUnavailableException": fault.ReasonUnreachable,
	"Unavailable":                 fault.ReasonUnreachable,
}

// classify converts an error of the call to a *fault.Error. It returns nil for no error.
func (c call) classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known // It was classified when the role was assumed.
	}
	reason, problem := explain(err)
	switch {
	case reason == "":
		reason, problem = fault.ReasonInternal, "failed with an error that Rollcall does not know; the log of discovery has the cause"
	case reason == fault.ReasonUnreachable && lastThrottled(ctx):
		reason, problem = fault.ReasonThrottled, "keeps throttling the calls, even after Rollcall slowed down"
	}
	remedy := c.remedy(reason)
	if off := clockOff(err); off != 0 && (reason == fault.ReasonCredentialsInvalid || reason == fault.ReasonCredentialsExpired) {
		problem += fmt.Sprintf(" (the clock where discovery runs is %s off)", off)
		remedy = "Set the clock of the machine that discovery runs on: AWS rejects signatures whose time differs from its own."
	}
	return fault.ForReason(reason, c.String()+" "+problem, remedy, err)
}

// explain returns the reason of an error and the problem, as the end of a sentence that begins with
// the service.
func explain(err error) (fault.Reason, string) {
	if throttles.IsErrorThrottle(err) == aws.TrueTernary {
		return fault.ReasonThrottled, "keeps throttling the calls (" + codeOf(err) + "), even after Rollcall slowed down"
	}
	if chain, ok := errors.AsType[*chainError](err); ok {
		return explainChain(chain)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return explainAPI(err, api)
	}
	if odd, ok := errors.AsType[*oddAnswerError](err); ok {
		return fault.ReasonInternal, "sent " + odd.Error()
	}
	if long, ok := errors.AsType[*providerkit.TooLongError](err); ok {
		return fault.ReasonInternal, "sent an answer that is too long: " + long.Error()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.ReasonUnreachable, "sent an answer that ended early"
	}
	if providerkit.IsTimeout(err) {
		return fault.ReasonUnreachable, "did not answer in time"
	}
	if isNetwork(err) {
		return fault.ReasonUnreachable, "can't be reached: " + providerkit.NetworkText(err)
	}
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return explainStatus(response.HTTPStatusCode())
	}
	return "", ""
}

// explainAPI explains an error of AWS by its code or, if the code is unknown, by its status.
func explainAPI(err error, api smithy.APIError) (fault.Reason, string) {
	problem := "answered " + api.ErrorCode()
	if message := shorten(api.ErrorMessage()); message != "" && message != api.ErrorCode() {
		problem += ": " + message
	}
	if reason, ok := reasons[api.ErrorCode()]; ok {
		return reason, problem
	}
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		if reason, _ := explainStatus(response.HTTPStatusCode()); reason != "" {
			return reason, problem
		}
	}
	return fault.ReasonInternal, problem
}

// explainStatus explains an answer of which only the status can be read.
func explainStatus(status int) (fault.Reason, string) {
	problem := fmt.Sprintf("answered with HTTP status %d", status)
	switch {
	case status == 401:
		return fault.ReasonCredentialsInvalid, problem
	case status == 403:
		return fault.ReasonPermissionDenied, problem
	case status == 429:
		return fault.ReasonThrottled, problem
	case status >= 500:
		return fault.ReasonUnreachable, problem
	case status >= 200 && status <= 299:
		return fault.ReasonInternal, "sent an answer that can't be decoded"
	}
	return fault.ReasonInternal, problem
}

// explainChain explains why the default credential chain returned nothing.
func explainChain(err *chainError) (fault.Reason, string) {
	if _, ok := errors.AsType[*ssocreds.InvalidTokenError](err); ok {
		return fault.ReasonCredentialsExpired, "was not asked: the sign-in to IAM Identity Center has expired"
	}
	operation, ok := errors.AsType[*smithy.OperationError](err)
	if !ok || strings.EqualFold(operation.Service(), "ec2imds") {
		return fault.ReasonCredentialsInvalid, "was not asked: there are no AWS credentials where discovery runs"
	}
	// There is a source, and it failed: quote its error.
	if reason, problem := explain(err.err); reason != "" {
		return reason, "was not asked: the source of the credentials, " + operation.Service() + ", " + problem
	}
	return fault.ReasonCredentialsInvalid, "was not asked: the source of the credentials, " + operation.Service() + ", returned none"
}

func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return "throttled"
}

// messageOf returns the whole message of AWS.
func messageOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return ""
}

func isNetwork(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	_, ok := errors.AsType[*smithyhttp.RequestSendError](err)
	return ok
}

// shorten returns a message of AWS without the encoded details of a denial, on one line and cut after
// some hundred bytes.
func shorten(message string) string {
	message, _, _ = strings.Cut(message, " Encoded authorization failure message")
	return providerkit.Shorten(message)
}
