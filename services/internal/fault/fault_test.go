package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

var errCause = errors.New("connection refused")

func TestNew(t *testing.T) {
	f := fault.New(fault.KindAborted, fault.ReasonConflict, "account %d lost", 7)
	if f.Kind != fault.KindAborted || f.Reason != fault.ReasonConflict || f.Error() != "account 7 lost" {
		t.Errorf("got %+v", f)
	}
	if !f.Retryable {
		t.Error("CONFLICT is not retryable")
	}
	if fault.New(fault.KindInvalidArgument, fault.ReasonInvalidBody, "").Retryable {
		t.Error("INVALID_BODY is retryable")
	}
}

func TestForReason(t *testing.T) {
	for _, tt := range []struct {
		reason    fault.Reason
		kind      fault.Kind
		retryable bool
	}{
		{fault.ReasonThrottled, fault.KindResourceExhausted, true},
		{fault.ReasonUnreachable, fault.KindUnavailable, true},
		{fault.ReasonPermissionDenied, fault.KindPermissionDenied, false},
		{fault.ReasonCredentialsExpired, fault.KindFailedPrecondition, false},
		{fault.ReasonNotFound, fault.KindNotFound, false},
		{fault.ReasonCancelled, fault.KindCancelled, false},
		{fault.ReasonTimeout, fault.KindDeadlineExceeded, false},
		{fault.ReasonInternal, fault.KindInternal, false},
		{"NO_SUCH_REASON", fault.KindInternal, false},
	} {
		t.Run(string(tt.reason), func(t *testing.T) {
			f := fault.ForReason(tt.reason, "message", "remedy", errCause)
			if f.Kind != tt.kind || f.Reason != tt.reason || f.Retryable != tt.retryable {
				t.Errorf("kind %d, reason %s, retryable %v; want kind %d, retryable %v", f.Kind, f.Reason, f.Retryable, tt.kind, tt.retryable)
			}
			if f.Message != "message" || f.Remedy != "remedy" || !errors.Is(f, errCause) {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestForReason_ClipsTexts(t *testing.T) {
	long := strings.Repeat("x", 3*fault.MaxText)
	f := fault.ForReason(fault.ReasonInternal, long, long, nil)
	if want := fault.Clip(long); f.Message != want || f.Remedy != want {
		t.Errorf("a message of %d and a remedy of %d bytes were stored", len(f.Message), len(f.Remedy))
	}
	if f := f.WithRemedy(long + "y"); f.Remedy != fault.Clip(long) {
		t.Errorf("WithRemedy stored %d bytes", len(f.Remedy))
	}
}

func TestInvalid(t *testing.T) {
	f := fault.Invalid("account.labels", "has %d entries", 65)
	want := fault.Violation{Field: "account.labels", Description: "has 65 entries"}
	if f.Kind != fault.KindInvalidArgument || f.Reason != fault.ReasonInvalidField || f.Message != "account.labels: has 65 entries" {
		t.Errorf("got %+v", f)
	}
	if len(f.Violations) != 1 || f.Violations[0] != want {
		t.Errorf("violations %+v, want %+v", f.Violations, want)
	}
}

func TestNotFound(t *testing.T) {
	f := fault.NotFound("accounts/a")
	if f.Kind != fault.KindNotFound || f.Reason != fault.ReasonNotFound || f.Metadata["name"] != "accounts/a" || f.Retryable {
		t.Errorf("got %+v", f)
	}
}

func TestUnavailable(t *testing.T) {
	f := fault.Unavailable("the database", errCause)
	if f.Kind != fault.KindUnavailable || f.Reason != fault.ReasonUnavailable || !f.Retryable || !errors.Is(f, errCause) {
		t.Errorf("got %+v", f)
	}
	if strings.Contains(f.Error(), errCause.Error()) {
		t.Errorf("the message contains the cause: %s", f)
	}
}

func TestError_Setters(t *testing.T) {
	f := fault.New(fault.KindAborted, fault.ReasonStaleReport, "too old")
	got := f.With("name", "accounts/a").With("run", "7").WithCause(errCause).WithRemedy("wait").AsRetryable()
	if got != f {
		t.Fatal("a setter returned another fault")
	}
	if f.Metadata["name"] != "accounts/a" || f.Metadata["run"] != "7" || !errors.Is(f, errCause) || f.Remedy != "wait" || !f.Retryable {
		t.Errorf("got %+v", f)
	}
}

func TestKindOf(t *testing.T) {
	wrapped := fmt.Errorf("list: %w", fault.NotFound("accounts/a"))
	if kind, reason := fault.KindOf(wrapped), fault.ReasonOf(wrapped); kind != fault.KindNotFound || reason != fault.ReasonNotFound {
		t.Errorf("of a wrapped fault: %d, %s", kind, reason)
	}
	if kind, reason := fault.KindOf(errCause), fault.ReasonOf(errCause); kind != fault.KindInternal || reason != "" {
		t.Errorf("of another error: %d, %q", kind, reason)
	}
}

func TestClip(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"short":             {"out of capacity", "out of capacity"},
		"longest":           {strings.Repeat("x", fault.MaxText), strings.Repeat("x", fault.MaxText)},
		"one byte too long": {strings.Repeat("x", fault.MaxText+1), strings.Repeat("x", fault.MaxText) + "…"},
		"cut in a rune":     {strings.Repeat("x", fault.MaxText-1) + "éé", strings.Repeat("x", fault.MaxText-1) + "…"},
		"NUL":               {"a\x00b", "a\uFFFDb"},
		"invalid UTF-8":     {"a\xffb", "a\uFFFDb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fault.Clip(tt.text); got != tt.want || !utf8.ValidString(got) {
				t.Errorf("got %d bytes %.40q, want %d bytes %.40q", len(got), got, len(tt.want), tt.want)
			}
		})
	}
}

// fieldError is an error about a field, as packages return that know no faults.
type fieldError struct{}

func (fieldError) Error() string                   { return "filter: is wrong" }
func (fieldError) Violation() (field, text string) { return "filter", "is wrong" }
func (fieldError) Metadata() map[string]string     { return map[string]string{"column": "7"} }

func TestAs_FieldError(t *testing.T) {
	f, ok := fault.As(fmt.Errorf("list: %w", fieldError{}))
	if !ok || f.Kind != fault.KindInvalidArgument || f.Reason != fault.ReasonInvalidField || f.Metadata["column"] != "7" ||
		len(f.Violations) != 1 || f.Violations[0] != (fault.Violation{Field: "filter", Description: "is wrong"}) {
		t.Errorf("got %+v", f)
	}
	if fault.KindOf(fieldError{}) != fault.KindInvalidArgument {
		t.Error("its kind is not that of a wrong field")
	}
	if _, ok := fault.As(errors.New("disk full")); ok {
		t.Error("any error is a fault")
	}
}
