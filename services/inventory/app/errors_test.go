package app_test

import (
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// requireCode checks the code and the reason of an error, and returns its metadata.
func refused(t testing.TB, err error, code codes.Code, reason string) map[string]string {
	t.Helper()
	s := status.Convert(err)
	if s.Code() != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			if info.GetReason() != reason || info.GetDomain() != "rollcall.dev" {
				t.Fatalf("reason %s of %s, want %s (%v)", info.GetReason(), info.GetDomain(), reason, err)
			}
			return info.GetMetadata()
		}
	}
	if reason != "" {
		t.Fatalf("%v has no reason, want %s", err, reason)
	}
	return nil
}

// requireViolation checks that an error names one field of the request, and returns its
// description.
func violates(t testing.TB, err error, field string) string {
	t.Helper()
	s := status.Convert(err)
	if s.Code() != codes.InvalidArgument {
		t.Fatalf("got %v, want %s", err, codes.InvalidArgument)
	}
	for _, detail := range s.Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				if v.GetField() == field {
					return v.GetDescription()
				}
			}
		}
	}
	t.Fatalf("%v names no field %s", err, field)
	return ""
}
