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
	ErrBusy       = errors.New("another operation is in progress")

	// Why a machine or database can't be stopped, or not started either.
	ErrInstanceStore = errors.New("the root device is an instance store")
	ErrOneTimeSpot   = errors.New("the spot request is a one-time one")
	ErrStopProtected = errors.New("protected against being stopped")
	ErrMember        = errors.New("starts and stops with its cluster")
	ErrReplica       = errors.New("is a read replica")
	ErrHasReplicas   = errors.New("has read replicas")
	ErrMirrored      = errors.New("is a SQL Server database with a standby in another zone")
	ErrLocalSSD      = errors.New("has local SSDs, of which must be said whether they are discarded")

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
