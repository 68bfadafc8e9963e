package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// readReasons lists the reasons why something could not be read.
var readReasons = []fault.Reason{
	fault.ReasonCredentialsInvalid, fault.ReasonCredentialsExpired, fault.ReasonPermissionDenied, fault.ReasonAccountMismatch,
	fault.ReasonThrottled, fault.ReasonUnreachable, fault.ReasonAPIDisabled, fault.ReasonInternal,
}

// FaultOf returns the fault of a failed read: the one in err's chain, if its reason is one that a
// provider returns. Every other error is Rollcall's own fault; its text is not shown, because
// nobody has checked that it contains no secret.
func FaultOf(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok && slices.Contains(readReasons, f.Reason) {
		return f
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.ForReason(fault.ReasonUnreachable, "it took longer than its time limit",
			"Rollcall tries again by itself; if this goes on, look at the cloud's status page or allow more time.", err)
	}
	return fault.ForReason(fault.ReasonInternal, "Rollcall failed with an unexpected error; the log of discovery has the cause", "", err).AsRetryable()
}

// OwnFault returns the fault of another part of Rollcall that failed to do something. It is
// retryable.
func OwnFault(doing string, err error) *fault.Error {
	return fault.ForReason(fault.ReasonInternal, fmt.Sprintf("Rollcall could not %s", doing),
		"Rollcall tries again by itself; if this goes on, look at the logs of its services.", err).AsRetryable()
}

// IsOwnFault reports whether Rollcall itself failed, and not the cloud: another try soon may
// succeed.
func IsOwnFault(f *fault.Error) bool { return f.Reason == fault.ReasonInternal && f.Retryable }

// InvalidAnswer returns the fault of an answer that can't be true.
func InvalidAnswer(message string) *fault.Error {
	return fault.ForReason(fault.ReasonInternal, message,
		"The answer was ignored, and Rollcall tries again by itself. "+
			"If it goes on, check what answers at the endpoint: a proxy, or a simulator.", nil)
}

// actionReasons maps the reasons of a failed read to those of a failed start or stop, where they
// differ.
var actionReasons = map[fault.Reason]fault.Reason{
	fault.ReasonCredentialsExpired: fault.ReasonCredentialsInvalid,
	fault.ReasonAccountMismatch:    fault.ReasonCredentialsInvalid,
	fault.ReasonAPIDisabled:        fault.ReasonUnsupported,
}

// ActionFault returns the fault of a start or stop that was not done because a read failed.
func ActionFault(read *fault.Error) *fault.Error {
	reason, ok := actionReasons[read.Reason]
	if !ok {
		reason = read.Reason
	}
	f := fault.ForReason(reason, read.Message, read.Remedy, read)
	f.Retryable = read.Retryable
	return f
}
