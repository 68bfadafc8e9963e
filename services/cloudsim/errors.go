package cloudsim

import (
	"errors"
	"fmt"
)

// The errors that all clouds share. Test for them with errors.Is; a *ResourceError names the
// resource. Each cloud's package has further ones.
var (
	ErrNoRegion     = errors.New("no such region, or it is not enabled")
	ErrNotFound     = errors.New("not found")
	ErrWrongState   = errors.New("not possible in its state")
	ErrInvalid      = errors.New("invalid argument")
	ErrBusy         = errors.New("another operation is in progress")
	ErrReplica      = errors.New("is a read replica")
	ErrHasReplicas  = errors.New("has read replicas")
	ErrBadToken     = errors.New("session token missing or not issued for this key")
	ErrExpiredToken = errors.New("session expired")
	ErrDenied       = errors.New("access denied")
)

// ResourceError is an error about one resource.
type ResourceError struct {
	Err   error  // one of the errors above, or of a cloud's package
	ID    string // as the caller wrote it
	State string // the state of the resource, with ErrWrongState
}

// Error describes the failure with the resource's id and state.
func (e *ResourceError) Error() string {
	if e.State == "" {
		return fmt.Sprintf("%s: %v", e.ID, e.Err)
	}
	return fmt.Sprintf("%s: %v (%s)", e.ID, e.Err, e.State)
}

// Unwrap returns the kind of failure.
func (e *ResourceError) Unwrap() error { return e.Err }
