package provider

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"pgregory.net/rapid"
)

func TestFaultOf(t *testing.T) {
	t.Parallel()
	known := fault.ForReason(fault.ReasonThrottled, "slow down", "wait", nil)
	if got := FaultOf(errors.Join(errors.New("while reading"), known)); got != known {
		t.Errorf("a known failure became %+v", got)
	}
	if got := FaultOf(context.DeadlineExceeded); got.Reason != fault.ReasonUnreachable || IsOwnFault(got) {
		t.Errorf("no more time became %+v", got)
	}
	if got := FaultOf(fault.Unavailable("the database", nil)); got.Reason != fault.ReasonInternal || !IsOwnFault(got) {
		t.Errorf("the fault of a store became %+v", got)
	}
	secret := errors.New("password=hunter2")
	if got := FaultOf(secret); got.Reason != fault.ReasonInternal || !IsOwnFault(got) || strings.Contains(got.Message, "hunter2") || !errors.Is(got, secret) {
		t.Errorf("an unforeseen error became %+v", got)
	}
}

// Any text of a cloud can be stored and sent after it was clipped.
func TestClip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "text")) + strings.Repeat("é", rapid.IntRange(0, 2000).Draw(t, "more"))
		got := fault.Clip(text)
		if !utf8.ValidString(got) || strings.ContainsRune(got, 0) || len(got) > fault.MaxText+len("…") {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func TestActionFault(t *testing.T) {
	t.Parallel()
	for read, want := range map[fault.Reason]fault.Reason{
		fault.ReasonCredentialsExpired: fault.ReasonCredentialsInvalid,
		fault.ReasonAccountMismatch:    fault.ReasonCredentialsInvalid,
		fault.ReasonAPIDisabled:        fault.ReasonUnsupported,
		fault.ReasonThrottled:          fault.ReasonThrottled,
		fault.ReasonInternal:           fault.ReasonInternal,
	} {
		for _, retryable := range []bool{false, true} {
			f := fault.ForReason(read, "message", "remedy", nil)
			f.Retryable = retryable
			got := ActionFault(f)
			if got.Reason != want || got.Retryable != retryable || got == f || got.Message != "message" || got.Remedy != "remedy" {
				t.Errorf("%s, retryable %v, became %+v", read, retryable, got)
			}
		}
	}
}
