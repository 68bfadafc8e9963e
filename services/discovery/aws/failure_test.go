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

	"github.com/rollcall-dev/rollcall/services/discovery"
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
		reason discovery.Reason
		says   string
	}{
		"denied":           {said(list, 403, api("UnauthorizedOperation", "You are not authorized.")), discovery.PermissionDenied, "UnauthorizedOperation: You are not authorized."},
		"denied, RDS":      {said("RDS:DescribeDBInstances", 403, api("AccessDenied", "")), discovery.PermissionDenied, "AccessDenied"},
		"denied, encoded":  {said(list, 403, api("UnauthorizedOperation", "No. Encoded authorization failure message: AAAA")), discovery.PermissionDenied, "UnauthorizedOperation: No."},
		"unknown key":      {said(list, 401, api("AuthFailure", "AWS was not able to validate")), discovery.CredentialsInvalid, "AuthFailure"},
		"unknown key, STS": {said("STS:GetCallerIdentity", 403, api("InvalidClientTokenId", "")), discovery.CredentialsInvalid, "InvalidClientTokenId"},
		"bad signature":    {said(list, 403, api("SignatureDoesNotMatch", "")), discovery.CredentialsInvalid, "SignatureDoesNotMatch"},
		"expired":          {said("STS:GetCallerIdentity", 403, api("ExpiredToken", "")), discovery.CredentialsExpired, "ExpiredToken"},
		"expired, EC2":     {said(list, 400, api("RequestExpired", "")), discovery.CredentialsExpired, "RequestExpired"},
		"throttled":        {said(list, 503, api("RequestLimitExceeded", "")), discovery.Throttled, "RequestLimitExceeded"},
		"throttled, RDS":   {said("RDS:DescribeDBInstances", 400, api("Throttling", "Rate exceeded")), discovery.Throttled, "Throttling"},
		"throttled, bare":  {said(list, 429, errors.New("?")), discovery.Throttled, ""},
		"opt in":           {said(list, 401, api("OptInRequired", "")), discovery.APIDisabled, "OptInRequired"},
		"broken":           {said(list, 500, api("InternalError", "")), discovery.Unreachable, "InternalError"},
		"unavailable":      {said(list, 503, api("Unavailable", "")), discovery.Unreachable, "Unavailable"},
		"new code, 5xx":    {said(list, 502, api("SomethingNew", "")), discovery.Unreachable, "SomethingNew"},
		"new code, 403":    {said(list, 403, api("SomethingNew", "")), discovery.PermissionDenied, "SomethingNew"},
		"new code, 400":    {said(list, 400, api("SomethingNew", "")), discovery.Internal, "SomethingNew"},
		"no XML, 502":      {said(list, 502, &smithy.DeserializationError{Err: errors.New("no XML")}), discovery.Unreachable, "502"},
		"no XML, 200":      {said(list, 200, &smithy.DeserializationError{Err: errors.New("no XML")}), discovery.Internal, "can't be understood"},
		"cut short":        {said(list, 200, &smithy.DeserializationError{Err: fmt.Errorf("decode: %w", io.ErrUnexpectedEOF)}), discovery.Unreachable, "broke off"},
		"HTML":             {said(list, 200, &oddAnswerError{operation: "DescribeInstances", root: "html"}), discovery.Internal, "html"},
		"endless":          {said(list, 200, &smithy.DeserializationError{Err: errTooLong}), discovery.Internal, "beyond all measure"},
		"timeout":          {&smithy.OperationError{Err: context.DeadlineExceeded}, discovery.Unreachable, "in time"},
		"no such host": {&smithy.OperationError{Err: &smithyhttp.RequestSendError{Err: &net.DNSError{Name: "ec2.invalid", IsNotFound: true}}},
			discovery.Unreachable, "ec2.invalid"},
		"refused": {&smithy.OperationError{Err: &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}},
			discovery.Unreachable, "connection refused"},
		"no credentials": {&smithy.OperationError{Err: &chainError{&smithy.OperationError{ServiceID: "ec2imds", Err: errors.New("no")}}},
			discovery.CredentialsInvalid, "no AWS credentials"},
		"no credentials at all": {&smithy.OperationError{Err: &chainError{errors.New("empty")}}, discovery.CredentialsInvalid, "no AWS credentials"},
		"SSO expired":           {&smithy.OperationError{Err: &chainError{&ssocreds.InvalidTokenError{}}}, discovery.CredentialsExpired, "Identity Center"},
		"web identity expired": {&smithy.OperationError{Err: &chainError{said("STS:AssumeRoleWithWebIdentity", 400, api("ExpiredTokenException", ""))}},
			discovery.CredentialsExpired, "ExpiredTokenException"},
		"never seen": {errors.New("never seen"), discovery.Internal, "does not know"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := call{service: "EC2", region: "eu-west-1", permission: "ec2:DescribeInstances"}
			failure, ok := errors.AsType[*discovery.Failure](at.classify(t.Context(), test.err))
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
	role := &discovery.AWSAssumeRole{RoleARN: "arn:aws:iam::100000000001:role/rollcall", ExternalID: "deputy"}
	for name, test := range map[string]struct {
		call   call
		reason discovery.Reason
		want   []string
	}{
		"denied": {
			call{service: "EC2", region: "eu-west-1", permission: "ec2:DescribeInstances", principal: "arn:aws:sts::100000000001:assumed-role/rollcall/rollcall"},
			discovery.PermissionDenied, []string{"ec2:DescribeInstances", "the role rollcall", "eu-west-1"},
		},
		"assume": {
			call{service: "STS", region: "us-east-1", permission: "sts:AssumeRole", role: role},
			discovery.PermissionDenied, []string{role.RoleARN, "trust policy", `"deputy"`, "sts:AssumeRole"},
		},
		"none":             {call{service: "STS"}, discovery.CredentialsInvalid, []string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE"}},
		"none to assume":   {call{service: "STS", role: role}, discovery.CredentialsInvalid, []string{role.RoleARN}},
		"region not on":    {call{service: "EC2", region: "ap-east-1", principal: "arn"}, discovery.CredentialsInvalid, []string{"ap-east-1", "enabled"}},
		"expired":          {call{}, discovery.CredentialsExpired, []string{"renew", "clock"}},
		"throttled":        {call{service: "EC2", region: "eu-west-1"}, discovery.Throttled, []string{"sync interval"}},
		"unreachable":      {call{service: "EC2", region: "eu-west-1"}, discovery.Unreachable, []string{"EC2 in eu-west-1", "network"}},
		"region to enable": {call{service: "EC2", region: "eu-west-1"}, discovery.APIDisabled, []string{"Enable", "eu-west-1"}},
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
	if reasonOf(err) != discovery.Throttled {
		t.Errorf("%v is %s", err, reasonOf(err))
	}
}
