package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Reason is why something could not be read, as the enum word of
// rollcall.accounts.v1.Connection.Reason. A closed list.
type Reason string

// The reasons.
const (
	// CredentialsInvalid: the cloud does not know them, or there are none.
	CredentialsInvalid Reason = "CREDENTIALS_INVALID"
	// CredentialsExpired: they were valid once.
	CredentialsExpired Reason = "CREDENTIALS_EXPIRED"
	// PermissionDenied: they are valid and lack a permission.
	PermissionDenied Reason = "PERMISSION_DENIED"
	// AccountMismatch: they open another account than the one stated.
	AccountMismatch Reason = "ACCOUNT_MISMATCH"
	// Throttled: the cloud's rate limit was met, also after slowing down.
	Throttled Reason = "THROTTLED"
	// Unreachable: no answer, none in time, or an error of the cloud's own.
	Unreachable Reason = "UNREACHABLE"
	// APIDisabled: the API or the region is not enabled in the account.
	APIDisabled Reason = "API_DISABLED"
	// Internal: a fault of Rollcall's, or an answer that makes no sense.
	Internal Reason = "INTERNAL"
)

// Failure is why something could not be read. No part of it may hold a secret.
type Failure struct { //nolint:errname // It is told as much as it is returned: runs and scopes hold it.
	// Reason for programs.
	Reason Reason
	// Message for people: what went wrong.
	Message string
	// Remedy for people: what to do about it; may be empty.
	Remedy string
	// Ours tells that Rollcall itself failed, not the cloud: another try soon
	// may well succeed.
	Ours bool
	// Retired tells that the scope is not going to be read again: its location was
	// switched off, or is no longer wanted.
	Retired bool

	cause error
}

// NewFailure makes a failure; cause is logged and not shown, and may be nil.
func NewFailure(reason Reason, message, remedy string, cause error) *Failure {
	return &Failure{Reason: reason, Message: fault.Clip(message), Remedy: fault.Clip(remedy), cause: cause}
}

// Error is the text for people.
func (f *Failure) Error() string { return f.Message }

// Unwrap is the cause.
func (f *Failure) Unwrap() error { return f.cause }

// FailureOf is the failure in err's chain. What is none is our own: it says no
// more than that, for nobody has checked that it holds nothing secret.
func FailureOf(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return NewFailure(Unreachable, "it took longer than the time there is for it",
			"Rollcall tries again by itself; if this goes on, look at the cloud's status page or allow more time.", err)
	}
	f := NewFailure(Internal, "Rollcall made a mistake; the log of discovery has the cause", "", err)
	f.Ours = true
	return f
}

// ourFailure says that another part of Rollcall did not do its share.
func OurFailure(doing string, err error) *Failure {
	f := NewFailure(Internal, fmt.Sprintf("Rollcall could not %s", doing),
		"Rollcall tries again by itself; if this goes on, look at the logs of its services.", err)
	f.Ours = true
	return f
}

// nonsense is the failure of an answer that can't be true.
func Nonsense(message string) *Failure {
	return NewFailure(Internal, message,
		"Nothing of this answer was taken. If it goes on, look at what answers at the endpoint: a proxy, or a simulator.", nil)
}
