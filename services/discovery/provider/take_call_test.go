package provider

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// fixedBudget answers every call with one error.
type fixedBudget struct{ err error }

func (b fixedBudget) Take(context.Context, ratelimit.API) error { return b.err }
func (fixedBudget) Report(context.Context, ratelimit.API, bool) {}

func TestTakeCall(t *testing.T) {
	t.Parallel()
	late := &ratelimit.TooLateError{API: ratelimit.API{Name: "ec2", Location: "eu-west-1"}, Rate: 10}
	err := TakeCall(t.Context(), fixedBudget{late}, late.API)
	failure, ok := errors.AsType[*fault.Error](err)
	if !ok || failure.Reason != fault.ReasonThrottled || !strings.Contains(failure.Message, "10.0 times a second") || !strings.Contains(failure.Remedy, "ROLLCALL_API_BUDGET_SHARE") {
		t.Errorf("a call that comes too late fails with %+v", err)
	}
	for _, want := range []error{nil, context.Canceled} {
		if err := TakeCall(t.Context(), fixedBudget{want}, late.API); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}
