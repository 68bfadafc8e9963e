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
		reason provider.Reason
		says   string
	}{
		"denied":           {said(list, 403, api("UnauthorizedOperation", "You are not authorized.")), provider.PermissionDenied, "UnauthorizedOperation: You are not authorized."},
		"denied, RDS":      {said("RDS:DescribeDBInstances", 403, api("AccessDenied", "")), provider.PermissionDenied, "AccessDenied"},
		"denied, encoded":  {said(list, 403, api("UnauthorizedOperation", "No. Encoded authorization failure message: AAAA")), provider.PermissionDenied, "UnauthorizedOperation: No."},
		"unknown key":      {said(list, 401, api("AuthFailure", "AWS was not able to validate")), provider.CredentialsInvalid, "AuthFailure"},
		"unknown key, STS": {said("STS:GetCallerIdentity", 403, api("InvalidClientTokenId", "")), provider.CredentialsInvalid, "InvalidClientTokenId"},
		"bad signature":    {said(list, 403, api("SignatureDoesNotMatch", "")), provider.CredentialsInvalid, "SignatureDoesNotMatch"},
		"expired":          {said("STS:GetCallerIdentity", 403, api("ExpiredToken", "")), provider.CredentialsExpired, "ExpiredToken"},
		"expired, EC2":     {said(list, 400, api("RequestExpired", "")), provider.CredentialsExpired, "RequestExpired"},
		"throttled":        {said(list, 503, api("RequestLimitExceeded", "")), provider.Throttled, "RequestLimitExceeded"},
		"throttled, RDS":   {said("RDS:DescribeDBInstances", 400, api("Throttling", "Rate exceeded")), provider.Throttled, "Throttling"},
		"throttled, bare":  {said(list, 429, errors.New("?")), provider.Throttled, ""},
		"opt in":           {said(list, 401, api("OptInRequired", "")), provider.APIDisabled, "OptInRequired"},
		"broken":           {said(list, 500, api("InternalError", "")), provider.Unreachable, "InternalError"},
		"unavailable":      {said(list, 503, api("Unavailable", "")), provider.Unreachable, "Unavailable"},
		"new code, 5xx":    {said(list, 502, api("SomethingNew", "")), provider.Unreachable, "SomethingNew"},
		"new code, 403":    {said(list, 403, api("SomethingNew", "")), provider.PermissionDenied, "SomethingNew"},
		"new code, 400":    {said(list, 400, api("SomethingNew", "")), provider.Internal, "SomethingNew"},
		"no XML, 502":      {said(list, 502, &smithy.DeserializationError{Err: errors.New("no XML")}), provider.Unreachable, "502"},
		"no XML, 200":      {said(list, 200, &smithy.DeserializationError{Err: errors.New("no XML")}), provider.Internal, "can't be understood"},
		"cut short":        {said(list, 200, &smithy.DeserializationError{Err: fmt.Errorf("decode: %w", io.ErrUnexpectedEOF)}), provider.Unreachable, "broke off"},
		"HTML":             {said(list, 200, &oddAnswerError{operation: "DescribeInstances", root: "html"}), provider.Internal, "html"},
		"endless":          {said(list, 200, &smithy.DeserializationError{Err: errTooLong}), provider.Internal, "beyond all measure"},
		"timeout":          {&smithy.OperationError{Err: context.DeadlineExceeded}, provider.Unreachable, "in time"},
		"no such host": {&smithy.OperationError{Err: &smithyhttp.RequestSendError{Err: &net.DNSError{Name: "ec2.invalid", IsNotFound: true}}},
			provider.Unreachable, "ec2.invalid"},
		"refused": {&smithy.OperationError{Err: &smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}},
			provider.Unreachable, "connection refused"},
		"no credentials": {&smithy.OperationError{Err: &chainError{&smithy.OperationError{ServiceID: "ec2imds", Err: errors.New("no")}}},
			provider.CredentialsInvalid, "no AWS credentials"},
		"no credentials at all": {&smithy.OperationError{Err: &chainError{errors.New("empty")}}, provider.CredentialsInvalid, "no AWS credentials"},
		"SSO expired":           {&smithy.OperationError{Err: &chainError{&ssocreds.InvalidTokenError{}}}, provider.CredentialsExpired, "Identity Center"},
		"web identity expired": {&smithy.OperationError{Err: &chainError{said("STS:AssumeRoleWithWebIdentity", 400, api("ExpiredTokenException", ""))}},
			provider.CredentialsExpired, "ExpiredTokenException"},
		"never seen": {errors.New("never seen"), provider.Internal, "does not know"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := call{service: "EC2", region: "eu-west-1", permission: "ec2:DescribeInstances"}
			failure, ok := errors.AsType[*provider.Failure](at.classify(t.Context(), test.err))
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
		reason provider.Reason
		want   []string
	}{
		"denied": {
			call{service: "EC2", region: "eu-west-1", permission: "ec2:DescribeInstances", principal: "arn:aws:sts::100000000001:assumed-role/rollcall/rollcall"},
			provider.PermissionDenied, []string{"ec2:DescribeInstances", "the role rollcall", "eu-west-1"},
		},
		"assume": {
			call{service: "STS", region: "us-east-1", permission: "sts:AssumeRole", role: role},
			provider.PermissionDenied, []string{role.RoleARN, "trust policy", `"deputy"`, "sts:AssumeRole"},
		},
		"none":             {call{service: "STS"}, provider.CredentialsInvalid, []string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE"}},
		"none to assume":   {call{service: "STS", role: role}, provider.CredentialsInvalid, []string{role.RoleARN}},
		"region not on":    {call{service: "EC2", region: "ap-east-1", principal: "arn"}, provider.CredentialsInvalid, []string{"ap-east-1", "enabled"}},
		"expired":          {call{}, provider.CredentialsExpired, []string{"renew", "clock"}},
		"throttled":        {call{service: "EC2", region: "eu-west-1"}, provider.Throttled, []string{"sync interval"}},
		"unreachable":      {call{service: "EC2", region: "eu-west-1"}, provider.Unreachable, []string{"EC2 in eu-west-1", "network"}},
		"region to enable": {call{service: "EC2", region: "eu-west-1"}, provider.APIDisabled, []string{"Enable", "eu-west-1"}},
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
	if reasonOf(err) != provider.Throttled {
		t.Errorf("%v is %s", err, reasonOf(err))
	}
}
