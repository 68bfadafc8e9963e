// Package fault is the error model of all services. A fault states what failed,
// on what, and what to do about it, and knows no transport.
//
// Domains and stores return faults. Package serve turns them into
// google.rpc.Status with details (AIP-193). An error that is not a fault, not the
// end of the call's context and not the status of another service is a defect: it
// is logged in full, and the caller gets INTERNAL.
package fault

import (
	"errors"
	"fmt"
)

// Error is a fault. Message and Remedy are for people; Reason and Metadata are for
// programs, as in google.rpc.ErrorInfo. No field may contain a secret.
type Error struct {
	Kind Kind
	// Reason is stable: programs branch on it.
	Reason Reason
	// Message states what failed, and on what.
	Message string
	// Remedy states what to do about it. It may be empty.
	Remedy string
	// Retryable reports whether the same request may succeed soon.
	Retryable bool
	// Metadata has keys in lowerCamelCase, such as the name of the resource.
	Metadata map[string]string
	// Violations lists the wrong fields of a request, for KindInvalidArgument.
	Violations []Violation

	cause error
}

// Violation describes what is wrong with one field of a request.
type Violation struct {
	// Field is the path in the request: `account.aws.account_id`.
	Field string
	// Description is for people.
	Description string
}

// New returns a fault of a kind. Whether it is retryable depends on the reason.
func New(kind Kind, reason Reason, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Message: fmt.Sprintf(format, args...), Retryable: classes[reason].retryable}
}

// ForReason returns a fault whose kind and retryability depend on the reason. The
// texts are clipped, because they may come from a cloud and are stored. The remedy
// may be empty and the cause may be nil.
func ForReason(reason Reason, message, remedy string, cause error) *Error {
	class := classes[reason]
	return &Error{
		Kind: class.kind, Reason: reason, Message: Clip(message), Remedy: Clip(remedy),
		Retryable: class.retryable, cause: cause,
	}
}

// Invalid returns a fault for one wrong field of a request.
func Invalid(field, format string, args ...any) *Error {
	description := fmt.Sprintf(format, args...)
	e := New(KindInvalidArgument, ReasonInvalidField, "%s: %s", field, description)
	e.Violations = []Violation{{Field: field, Description: description}}
	return e
}

// NotFound returns a fault for a resource that does not exist.
func NotFound(name string) *Error {
	return New(KindNotFound, ReasonNotFound, "%s was not found", name).With("name", name)
}

// Unavailable returns a fault for a dependency that does not answer at the moment.
func Unavailable(what string, cause error) *Error {
	return New(KindUnavailable, ReasonUnavailable, "%s is not available at the moment; try again soon", what).WithCause(cause)
}

// With adds one piece of metadata and returns the fault.
func (e *Error) With(key, value string) *Error {
	if e.Metadata == nil {
		e.Metadata = map[string]string{}
	}
	e.Metadata[key] = value
	return e
}

// WithCause sets the cause and returns the fault. Callers never see the cause; it
// is logged.
func (e *Error) WithCause(cause error) *Error {
	e.cause = cause
	return e
}

// WithRemedy sets the remedy and returns the fault.
func (e *Error) WithRemedy(text string) *Error {
	e.Remedy = Clip(text)
	return e
}

// AsRetryable marks the fault as retryable and returns it.
func (e *Error) AsRetryable() *Error {
	e.Retryable = true
	return e
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// violation is an error about one field of a request, such as those of package query, which knows no faults.
type violation interface {
	error
	// Violation returns the field and what is wrong with it.
	Violation() (field, description string)
	// Metadata is for programs; it may be nil.
	Metadata() map[string]string
}

// As returns the fault in err's chain. An error about one field of a request becomes a fault of the
// kind KindInvalidArgument.
func As(err error) (*Error, bool) {
	if e, ok := errors.AsType[*Error](err); ok {
		return e, true
	}
	v, ok := errors.AsType[violation](err)
	if !ok {
		return nil, false
	}
	field, description := v.Violation()
	e := Invalid(field, "%s", description)
	for key, value := range v.Metadata() {
		e = e.With(key, value)
	}
	return e, true
}

// KindOf returns the kind of the fault in err's chain, or KindInternal if there is
// none.
func KindOf(err error) Kind {
	if e, ok := As(err); ok {
		return e.Kind
	}
	return KindInternal
}

// ReasonOf returns the reason of the fault in err's chain, or "" if there is none.
func ReasonOf(err error) Reason {
	if e, ok := As(err); ok {
		return e.Reason
	}
	return ""
}
