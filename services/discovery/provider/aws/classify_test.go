package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// sdkError returns an error like those of the SDK: with the operation, the HTTP status and the error of
// the answer.
func sdkError(operation string, status int, err error) error {
	service, name, _ := strings.Cut(operation, ":")
	return &smithy.OperationError{ServiceID: service, OperationName: name, Err: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err,
	}}
}

func api(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	const list = "EC2:DescribeInstances"
	for name, test := range map[string]struct {
		err    error
		reason fault.Reason
		text   string
	}{
		"denied":           {sdkError(list, 403, api("UnauthorizedOperation", "You are not authorized.")), fault.ReasonPermissionDenied, "UnauthorizedOperation: You are not authorized."},
		"denied, RDS":      {sdkError("RDS:DescribeDBInstances", 403, api("AccessDenied", "")), fault.ReasonPermissionDenied, "AccessDenied"},
		"denied, encoded":  {sdkError(list, 403, api("UnauthorizedOperation", "No. Encoded authorization failure message: AAAA")), fault.ReasonPermissionDenied, "UnauthorizedOperation: No."},
		"unknown key":      {sdkError(list, 401, api("AuthFailure", "AWS was not able to validate")), fault.ReasonCredentialsInvalid, "AuthFailure"},
		"unknown key, STS": {sdkError("STS:GetCallerIdentity", 403, api("InvalidClientTokenId", "")), fault.ReasonCredentialsInvalid, "InvalidClientTokenId"},
		"bad signature":    {sdkError(list, 403, api("SignatureDoesNotMatch", "")), fault.ReasonCredentialsInvalid, "SignatureDoesNotMatch"},
		"expired":          {sdkError("STS:GetCallerIdentity", 403, api("ExpiredToken", "")), fault.ReasonCredentialsExpired, "ExpiredToken"},
		"expired, EC2":     {sdkError(list, 400, api("RequestExpired", "")), fault.ReasonCredentialsExpired, "RequestExpired"},
		"throttled":        {sdkError(list, 503, api("RequestLimitExceeded", "")), fault.ReasonThrottled, "RequestLimitExceeded"},
		"throttled, RDS":   {sdkError("RDS:DescribeDBInstances", 400, api("Throttling", "Rate exceeded")), fault.ReasonThrottled, "Throttling"},
		"throttled, bare":  {sdkError(list, 429, errors.New("?")), fault.ReasonThrottled, ""},
		"opt in":           {sdkError(list, 401, api("OptInRequired", "")), fault.ReasonAPIDisabled, "OptInRequired"},
		"broken":           {sdkError(list, 500, api("InternalError", "")), fault.ReasonUnreachable, "InternalError"},
		"unavailable":      {sdkError(list, 503, api("Unavailable", "")), fault.ReasonUnreachable, "Unavailable"},
		"new code, 5xx":    {sdkError(list, 502, api("SomethingNew", "")), fault.ReasonUnreachable, "SomethingNew"},
		"new code, 403":    {sdkError(list, 403, api("SomethingNew", "")), fault.ReasonPermissionDenied, "SomethingNew"},
		"new code, 400":    {sdkError(list, 400, api("SomethingNew", "")), fault.ReasonInternal, "SomethingNew"},
		"no XML, 502":      {sdkError(list, 502, &smithy.DeserializationError{Err: errors.New("no XML")}), fault.ReasonUnreachable, "502"},
		"no XML, 200":      {sdkError(list, 200, &smithy.DeserializationError{Err: errors.New("no XML")}), fault.ReasonInternal, "can't be decoded"},
		"cut short":        {sdkError(list, 200, &smithy.DeserializationError{Err: fmt.Errorf("decode: %w", io.ErrUnexpectedEOF)}), fault.ReasonUnreachable, "ended early"},
		"HTML":             {sdkError(list, 200, &oddAnswerError{operation: "DescribeInstances", root: "html"}), fault.ReasonInternal, "html"},
		"endless":          {sdkError(list, 200, &smithy.DeserializationError{Err: &providerkit.TooLongError{Limit: maxAnswer}}), fault.ReasonInternal, "too long"},
		"timeout":          {&smithy.OperationError{Err: context.DeadlineExceeded}, fault.ReasonUnreachable, "in time"},
		"no such host": {&smithy.OperationError{Err: &smithyhttp.RequestSendError{Err: &net.DNSError{Name: "ec2.invalid", IsNotFound: true}}},
			fault.ReasonUnreachable, "ec2.invalid"},
		"refused": {&smithy.OperationError{Err: &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}},
			fault.ReasonUnreachable, "connection refused"},
		"no credentials": {&smithy.OperationError{Err: &chainError{&smithy.OperationError{ServiceID: "ec2imds", Err: errors.New("no")}}},
			fault.ReasonCredentialsInvalid, "no AWS credentials"},
		"no credentials at all": {&smithy.OperationError{Err: &chainError{errors.New("empty")}}, fault.ReasonCredentialsInvalid, "no AWS credentials"},
		"SSO expired":           {&smithy.OperationError{Err: &chainError{&ssocreds.InvalidTokenError{}}}, fault.ReasonCredentialsExpired, "Identity Center"},
		"web identity expired": {&smithy.OperationError{Err: &chainError{sdkError("STS:AssumeRoleWithWebIdentity", 400, api("ExpiredTokenException", ""))}},
			fault.ReasonCredentialsExpired, "ExpiredTokenException"},
		"never seen": {errors.New("never seen"), fault.ReasonInternal, "does not know"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := call{service: "EC2", region: "eu-west-1", permission: "ec2:DescribeInstances"}
			failure, ok := errors.AsType[*fault.Error](at.classify(t.Context(), test.err))
			if !ok || failure.Reason != test.reason {
				t.Fatalf("%v is %+v, want %s", test.err, failure, test.reason)
			}
			if !strings.Contains(failure.Message, test.text) || !strings.HasPrefix(failure.Message, "EC2 in eu-west-1") ||
				strings.Contains(failure.Message, "Encoded") || failure.Remedy == "" {
				t.Errorf("the message is %q, the remedy %q", failure.Message, failure.Remedy)
			}
			if !errors.Is(failure, test.err) {
				t.Error("the cause is lost")
			}
		})
	}
}

func TestCall_Remedy(t *testing.T) {
	t.Parallel()
	role := &provider.AWSAssumeRole{RoleARN: "arn:aws:iam::100000000001:role/rollcall", ExternalID: "deputy"}
	for name, test := range map[string]struct {
		call   call
		reason fault.Reason
		want   []string
	}{
		"denied": {
			call{service: "EC2", region: "eu-west-1", permission: "ec2:DescribeInstances", principal: "arn:aws:sts::100000000001:assumed-role/rollcall/rollcall"},
			fault.ReasonPermissionDenied, []string{"ec2:DescribeInstances", "the role rollcall", "eu-west-1"},
		},
		"assume": {
			call{service: "STS", region: "us-east-1", permission: "sts:AssumeRole", role: role},
			fault.ReasonPermissionDenied, []string{role.RoleARN, "trust policy", `"deputy"`, "sts:AssumeRole"},
		},
		"none":             {call{service: "STS"}, fault.ReasonCredentialsInvalid, []string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE"}},
		"none to assume":   {call{service: "STS", role: role}, fault.ReasonCredentialsInvalid, []string{role.RoleARN}},
		"region not on":    {call{service: "EC2", region: "ap-east-1", principal: "arn"}, fault.ReasonCredentialsInvalid, []string{"ap-east-1", "enabled"}},
		"expired":          {call{}, fault.ReasonCredentialsExpired, []string{"renew", "clock"}},
		"throttled":        {call{service: "EC2", region: "eu-west-1"}, fault.ReasonThrottled, []string{"sync interval"}},
		"unreachable":      {call{service: "EC2", region: "eu-west-1"}, fault.ReasonUnreachable, []string{"EC2 in eu-west-1", "network"}},
		"region to enable": {call{service: "EC2", region: "eu-west-1"}, fault.ReasonAPIDisabled, []string{"Enable", "eu-west-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, want := range test.want {
				if got := test.call.remedy(test.reason); !strings.Contains(got, want) {
					t.Errorf("%q does not contain %q", got, want)
				}
			}
		})
	}
}

func TestClassify_TimeoutAfterThrottling(t *testing.T) {
	t.Parallel()
	watched := &attempts{}
	watched.throttled.Store(true)
	ctx := context.WithValue(t.Context(), attemptsKey{}, watched)
	err := call{service: "EC2", region: "eu-west-1"}.classify(ctx, &smithy.OperationError{Err: context.DeadlineExceeded})
	if reasonOf(err) != fault.ReasonThrottled {
		t.Errorf("%v is %s", err, reasonOf(err))
	}
}
