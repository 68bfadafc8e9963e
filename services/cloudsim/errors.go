package cloudsim

import (
	"errors"
	"fmt"
)

// What a World answers when it can't do what was asked. Test with errors.Is; a *ResourceError says which resource.
var (
	ErrNoAccount  = errors.New("no such account")
	ErrNoRegion   = errors.New("no such region, or it is not enabled")
	ErrNoProject  = errors.New("no such project")
	ErrNotFound   = errors.New("not found")
	ErrWrongState = errors.New("not possible in its state")
	ErrInvalid    = errors.New("invalid argument")

	ErrUnknownKey   = errors.New("unknown or revoked access key")
	ErrBadToken     = errors.New("session token missing or not of this key")
	ErrExpiredToken = errors.New("session expired")
	ErrDenied       = errors.New("access denied")
)

// ResourceError is an error about one resource.
type ResourceError struct {
	Err   error  // one of the errors above
	ID    string // as the caller wrote it
	State string // the state it is in, with ErrWrongState
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
