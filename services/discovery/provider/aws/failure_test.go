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

// said is an error as the SDK gives it: the operation, the HTTP status, and what
// was found in the answer.
func said(operation string, status int, err error) error {
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
		says   string
	}{
		"denied":           {said(list, 403, api("UnauthorizedOperation", "You are not authorized.")), fault.ReasonPermissionDenied, "UnauthorizedOperation: You are not authorized."},
		"denied, RDS":      {said("RDS:DescribeDBInstances", 403, api("AccessDenied", "")), fault.ReasonPermissionDenied, "AccessDenied"},
		"denied, encoded":  {said(list, 403, api("UnauthorizedOperation", "No. Encoded authorization failure message: AAAA")), fault.ReasonPermissionDenied, "UnauthorizedOperation: No."},
		"unknown key":      {said(list, 401, api("AuthFailure", "AWS was not able to validate")), fault.ReasonCredentialsInvalid, "AuthFailure"},
		"unknown key, STS": {said("STS:GetCallerIdentity", 403, api("InvalidClientTokenId", "")), fault.ReasonCredentialsInvalid, "InvalidClientTokenId"},
		"bad signature":    {said(list, 403, api("SignatureDoesNotMatch", "")), fault.ReasonCredentialsInvalid, "SignatureDoesNotMatch"},
		"expired":          {said("STS:GetCallerIdentity", 403, api("ExpiredToken", "")), fault.ReasonCredentialsExpired, "ExpiredToken"},
		"expired, EC2":     {said(list, 400, api("RequestExpired", "")), fault.ReasonCredentialsExpired, "RequestExpired"},
		"throttled":        {said(list, 503, api("RequestLimitExceeded", "")), fault.ReasonThrottled, "RequestLimitExceeded"},
		"throttled, RDS":   {said("RDS:DescribeDBInstances", 400, api("Throttling", "Rate exceeded")), fault.ReasonThrottled, "Throttling"},
		"throttled, bare":  {said(list, 429, errors.New("?")), fault.ReasonThrottled, ""},
		"opt in":           {said(list, 401, api("OptInRequired", "")), fault.ReasonAPIDisabled, "OptInRequired"},
		"broken":           {said(list, 500, api("InternalError", "")), fault.ReasonUnreachable, "InternalError"},
		"unavailable":      {said(list, 503, api("Unavailable", "")), fault.ReasonUnreachable, "Unavailable"},
		"new code, 5xx":    {said(list, 502, api("SomethingNew", "")), fault.ReasonUnreachable, "SomethingNew"},
		"new code, 403":    {said(list, 403, api("SomethingNew", "")), fault.ReasonPermissionDenied, "SomethingNew"},
		"new code, 400":    {said(list, 400, api("SomethingNew", "")), fault.ReasonInternal, "SomethingNew"},
		"no XML, 502":      {said(list, 502, &smithy.DeserializationError{Err: errors.New("no XML")}), fault.ReasonUnreachable, "502"},
		"no XML, 200":      {said(list, 200, &smithy.DeserializationError{Err: errors.New("no XML")}), fault.ReasonInternal, "can't be decoded"},
		"cut short":        {said(list, 200, &smithy.DeserializationError{Err: fmt.Errorf("decode: %w", io.ErrUnexpectedEOF)}), fault.ReasonUnreachable, "ended early"},
		"HTML":             {said(list, 200, &oddAnswerError{operation: "DescribeInstances", root: "html"}), fault.ReasonInternal, "html"},
		"endless":          {said(list, 200, &smithy.DeserializationError{Err: &providerkit.TooLongError{Limit: maxAnswer}}), fault.ReasonInternal, "too long"},
		"timeout":          {&smithy.OperationError{Err: context.DeadlineExceeded}, fault.ReasonUnreachable, "in time"},
		"no such host": {&smithy.OperationError{Err: &smithyhttp.RequestSendError{Err: &net.DNSError{Name: "ec2.invalid", IsNotFound: true}}},
			fault.ReasonUnreachable, "ec2.invalid"},
		"refused": {&smithy.OperationError{Err: &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}},
			fault.ReasonUnreachable, "connection refused"},
		"no credentials": {&smithy.OperationError{Err: &chainError{&smithy.OperationError{ServiceID: "ec2imds", Err: errors.New("no")}}},
			fault.ReasonCredentialsInvalid, "no AWS credentials"},
		"no credentials at all": {&smithy.OperationError{Err: &chainError{errors.New("empty")}}, fault.ReasonCredentialsInvalid, "no AWS credentials"},
		"SSO expired":           {&smithy.OperationError{Err: &chainError{&ssocreds.InvalidTokenError{}}}, fault.ReasonCredentialsExpired, "Identity Center"},
		"web identity expired": {&smithy.OperationError{Err: &chainError{said("STS:AssumeRoleWithWebIdentity", 400, api("ExpiredTokenException", ""))}},
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
			if !strings.Contains(failure.Message, test.says) || !strings.HasPrefix(failure.Message, "EC2 in eu-west-1") ||
				strings.Contains(failure.Message, "Encoded") || failure.Remedy == "" {
				t.Errorf("it says %q, and to do %q", failure.Message, failure.Remedy)
			}
			if !errors.Is(failure, test.err) {
				t.Error("the cause is lost")
			}
		})
	}
}

// What to do names the permission, the place, and who lacks it.
func TestRemedy(t *testing.T) {
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
					t.Errorf("%q lacks %q", got, want)
				}
			}
		})
	}
}

// A call that ran out of time while it waited for its turn was throttled, though
// its error says something else.
func TestClassifyWaitingForATurn(t *testing.T) {
	t.Parallel()
	watched := &attempts{}
	watched.throttled.Store(true)
	ctx := context.WithValue(t.Context(), attemptsKey{}, watched)
	err := call{service: "EC2", region: "eu-west-1"}.classify(ctx, &smithy.OperationError{Err: context.DeadlineExceeded})
	if reasonOf(err) != fault.ReasonThrottled {
		t.Errorf("%v is %s", err, reasonOf(err))
	}
}
