package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// call is what was tried when an error came.
type call struct {
	// service for people, EC2; region; permission, `ec2:DescribeInstances`.
	service, region, permission string
	// optional tells that accounts are read without the permission.
	optional bool
	// principal is the ARN that called, "" when it is not known yet.
	principal string
	// by are the credentials that the call was signed with; nil: the default chain.
	by provider.Credentials
	// role is what the call was to assume, or nil.
	role *provider.AWSAssumeRole
}

// String names the place for people: `EC2 in eu-west-1`.
func (c call) String() string { return c.service + " in " + c.region }

// reasons are AWS's error codes that mean the same in every service that we
// call (EC2 API Reference, "Error codes for the Amazon EC2 API"; "Common error
// types" of RDS and STS).
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

// classify is what an error of the call means: a *fault.Error, or nil for
// no error.
func (c call) classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known // Of assuming the role, on the way.
	}
	reason, says := explain(err)
	switch {
	case reason == "":
		reason, says = fault.ReasonInternal, "failed in a way that Rollcall does not know; the log of discovery has the cause"
	case reason == fault.ReasonUnreachable && lastThrottled(ctx):
		reason, says = fault.ReasonThrottled, "goes on refusing calls as too many, also after slowing down"
	}
	remedy := c.remedy(reason)
	if off := clockOff(err); off != 0 && (reason == fault.ReasonCredentialsInvalid || reason == fault.ReasonCredentialsExpired) {
		says += fmt.Sprintf(" (the clock where discovery runs is %s off)", off)
		remedy = "Set the clock of the machine that discovery runs on: AWS refuses signatures of another time than its own."
	}
	return fault.ForReason(reason, c.String()+" "+says, remedy, err)
}

// explain is the reason of an error, and what the cloud did, as the end of a
// sentence that begins with the service.
func explain(err error) (fault.Reason, string) {
	if throttles.IsErrorThrottle(err) == aws.TrueTernary {
		return fault.ReasonThrottled, "goes on refusing calls as too many (" + codeOf(err) + "), also after slowing down"
	}
	if chain, ok := errors.AsType[*chainError](err); ok {
		return explainChain(chain)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return explainAPI(err, api)
	}
	if odd, ok := errors.AsType[*oddAnswerError](err); ok {
		return fault.ReasonInternal, "gave " + odd.Error()
	}
	if errors.Is(err, errTooLong) {
		return fault.ReasonInternal, "gave an answer beyond all measure: " + errTooLong.Error()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.ReasonUnreachable, "gave an answer that broke off in the middle"
	}
	if isTimeout(err) {
		return fault.ReasonUnreachable, "did not answer in time"
	}
	if isNetwork(err) {
		return fault.ReasonUnreachable, "can't be reached: " + networkText(err)
	}
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return explainStatus(response.HTTPStatusCode())
	}
	return "", ""
}

// explainAPI reads AWS's own error, by its code and, where that is new to us, by
// its status.
func explainAPI(err error, api smithy.APIError) (fault.Reason, string) {
	says := "says " + api.ErrorCode()
	if message := shorten(api.ErrorMessage()); message != "" && message != api.ErrorCode() {
		says += ": " + message
	}
	if reason, ok := reasons[api.ErrorCode()]; ok {
		return reason, says
	}
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		if reason, _ := explainStatus(response.HTTPStatusCode()); reason != "" {
			return reason, says
		}
	}
	return fault.ReasonInternal, says
}

// explainStatus reads an answer of which only the status is to be understood.
func explainStatus(status int) (fault.Reason, string) {
	says := fmt.Sprintf("answered with HTTP status %d", status)
	switch {
	case status == 401:
		return fault.ReasonCredentialsInvalid, says
	case status == 403:
		return fault.ReasonPermissionDenied, says
	case status == 429:
		return fault.ReasonThrottled, says
	case status >= 500:
		return fault.ReasonUnreachable, says
	case status >= 200 && status <= 299:
		return fault.ReasonInternal, "gave an answer that can't be understood"
	}
	return fault.ReasonInternal, says
}

// explainChain reads why the default credential chain gave nothing.
func explainChain(err *chainError) (fault.Reason, string) {
	if _, ok := errors.AsType[*ssocreds.InvalidTokenError](err); ok {
		return fault.ReasonCredentialsExpired, "was not asked: the sign-in to IAM Identity Center has expired"
	}
	operation, ok := errors.AsType[*smithy.OperationError](err)
	if !ok || strings.EqualFold(operation.Service(), "ec2imds") {
		return fault.ReasonCredentialsInvalid, "was not asked: there are no AWS credentials where discovery runs"
	}
	// A source is there and did not give any: say what it said.
	if reason, says := explain(err.err); reason != "" {
		return reason, "was not asked: the source of the credentials, " + operation.Service() + ", " + says
	}
	return fault.ReasonCredentialsInvalid, "was not asked: the source of the credentials, " + operation.Service() + ", gave none"
}

func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return "throttled"
}

// messageOf is the cloud's own message, in full.
func messageOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return ""
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
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

// networkText is the innermost part of a network error: no URL, no query.
func networkText(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "there is no host " + dns.Name
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return shorten(err.Error())
		}
		err = inner
	}
}

// saidAtMost bounds what is quoted of a cloud's message, in bytes.
const saidAtMost = 400

// shorten bounds a cloud's message. Denials may end in a page of encoded
// details.
func shorten(message string) string {
	message, _, _ = strings.Cut(message, " Encoded authorization failure message")
	message = strings.Join(strings.Fields(message), " ")
	if len(message) <= saidAtMost {
		return message
	}
	end := saidAtMost
	for !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end] + "…"
}

// nonsense is the failure of an answer that can't be true.
func nonsense(message string) *fault.Error {
	return fault.ForReason(fault.ReasonInternal, message, remedyOdd, nil)
}
