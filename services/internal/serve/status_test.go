package serve_test

import (
	"errors"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func TestFaultStatus_EveryKindHasItsCode(t *testing.T) {
	seen := map[codes.Code]bool{}
	for kind := fault.KindInternal; kind <= fault.KindDeadlineExceeded; kind++ {
		code := serve.FaultStatus(fault.New(kind, fault.ReasonInternal, "")).Code()
		if code == codes.OK || code == codes.Unknown || seen[code] {
			t.Errorf("kind %d has code %v", kind, code)
		}
		seen[code] = true
	}
}

func TestFaultStatus_Remedy(t *testing.T) {
	f := fault.ForReason(fault.ReasonAPIDisabled, "the API is off", "Enable it.", nil).With("name", "accounts/a")
	info := serve.FaultStatus(f).Details()[0].(*errdetails.ErrorInfo)
	if info.GetMetadata()["remedy"] != "Enable it." || info.GetMetadata()["name"] != "accounts/a" {
		t.Errorf("metadata %v", info.GetMetadata())
	}
	if _, changed := f.Metadata["remedy"]; changed {
		t.Error("FaultStatus changed the fault")
	}
}

func TestFaultStatus_RetryInfo(t *testing.T) {
	for _, retryable := range []bool{false, true} {
		f := fault.New(fault.KindAborted, fault.ReasonStaleReport, "")
		f.Retryable = retryable
		found := false
		for _, detail := range serve.FaultStatus(f).Details() {
			if info, ok := detail.(*errdetails.RetryInfo); ok {
				found = info.GetRetryDelay().AsDuration() > 0
			}
		}
		if found != retryable {
			t.Errorf("retryable %v: a delay was sent: %v", retryable, found)
		}
	}
}

func TestFaultOf_IsTheInverseOfFaultStatus(t *testing.T) {
	want := fault.ForReason(fault.ReasonThrottled, "EC2 throttled", "Wait.", nil).With("name", "accounts/a")
	want.Violations = []fault.Violation{{Field: "account", Description: "is busy"}}
	got := serve.FaultOf(serve.FaultStatus(want).Err())
	if got.Kind != want.Kind || got.Reason != want.Reason || got.Message != want.Message || got.Remedy != want.Remedy ||
		got.Retryable != want.Retryable || got.Metadata["name"] != "accounts/a" {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(got.Violations) != 1 || got.Violations[0] != want.Violations[0] {
		t.Errorf("violations %+v", got.Violations)
	}
	if status.Code(got.Unwrap()) != codes.ResourceExhausted {
		t.Errorf("the cause is %v", got.Unwrap())
	}
}

func TestFaultOf_OtherErrors(t *testing.T) {
	if got := serve.FaultOf(errors.New("boom")); got.Kind != fault.KindInternal || got.Reason != "" || got.Retryable {
		t.Errorf("got %+v", got)
	}
}
