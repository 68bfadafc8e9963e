// Package fault is the one error model of all services: what went wrong, to
// what, and what to do about it, free of any transport. Domains and stores
// return faults; package serve turns them into google.rpc.Status with details
// (AIP-193). An error that is neither a fault, nor the end of a call's context,
// nor another service's status, is a bug of ours: it is logged in full and
// leaves as "internal".
package fault

import (
	"errors"
	"fmt"
)

// Kind is the class of a fault. Each has one gRPC code of the same name.
type Kind int

// The kinds of fault.
const (
	// KindInternal is our own mistake.
	KindInternal Kind = iota
	// KindInvalidArgument is a request that can't be right in any state.
	KindInvalidArgument
	// KindNotFound is a thing that is not there.
	KindNotFound
	// KindAlreadyExists is a thing that is there already.
	KindAlreadyExists
	// KindFailedPrecondition is a request that the state of things forbids.
	KindFailedPrecondition
	// KindAborted is a request that lost against a concurrent one.
	KindAborted
	// KindPermissionDenied is a caller who may not.
	KindPermissionDenied
	// KindUnauthenticated is a caller whom we don't know.
	KindUnauthenticated
	// KindUnavailable is something needed that is away for now.
	KindUnavailable
	// KindResourceExhausted is a limit that was met.
	KindResourceExhausted
	// KindUnimplemented is something that this build can't do.
	KindUnimplemented
	// KindOutOfRange is a position that is no longer, or not yet, there.
	KindOutOfRange
)

// Error is a fault. Its text is for people; Reason and Metadata are for
// programs, as google.rpc.ErrorInfo. No part of it may hold a secret.
type Error struct {
	Kind    Kind
	Message string
	// Reason in UPPER_SNAKE_CASE, stable: programs branch on it.
	Reason string
	// Metadata in lowerCamelCase, such as the name of the thing.
	Metadata map[string]string
	// Violations of single fields, for KindInvalidArgument.
	Violations []Violation

	cause error
}

// Violation says what is wrong with one field of a request.
type Violation struct {
	// Field by its path in the request: `account.aws.account_id`.
	Field string
	// Description for people.
	Description string
}

// New makes a fault of a kind, with a reason for programs and a text for
// people.
func New(kind Kind, reason, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Invalid says that one field of a request is wrong.
func Invalid(field, format string, args ...any) *Error {
	description := fmt.Sprintf(format, args...)
	e := New(KindInvalidArgument, "INVALID_FIELD", "%s: %s", field, description)
	e.Violations = []Violation{{Field: field, Description: description}}
	return e
}

// NotFound says that a resource is not there.
func NotFound(name string) *Error {
	return New(KindNotFound, "NOT_FOUND", "%s is not on the roll", name).With("name", name)
}

// Unavailable says that something needed is away for now, and why.
func Unavailable(what string, cause error) *Error {
	return New(KindUnavailable, "UNAVAILABLE", "%s is not available at the moment; try again soon", what).Because(cause)
}

// With adds one piece of metadata and returns the fault.
func (e *Error) With(key, value string) *Error {
	if e.Metadata == nil {
		e.Metadata = map[string]string{}
	}
	e.Metadata[key] = value
	return e
}

// Because records the cause, which is logged and never shown, and returns the
// fault.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Error is the text for people.
func (e *Error) Error() string { return e.Message }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.cause }

// KindOf is the kind of the fault in err's chain; KindInternal when there is
// none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}

// ReasonOf is the reason of the fault in err's chain, or "".
func ReasonOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}
