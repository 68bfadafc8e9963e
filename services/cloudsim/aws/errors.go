package aws

import "errors"

// The errors of AWS alone; package cloudsim has those that all clouds share. The five after
// ErrUnknownKey are reasons why an instance or a database cannot be started or stopped.
var (
	ErrNoAccount     = errors.New("no such account")
	ErrUnknownKey    = errors.New("unknown or revoked access key")
	ErrInstanceStore = errors.New("the root device is an instance store")
	ErrOneTimeSpot   = errors.New("the spot request is a one-time request")
	ErrStopProtected = errors.New("protected against being stopped")
	ErrMember        = errors.New("starts and stops with its cluster")
	ErrMirrored      = errors.New("is a SQL Server database with a standby in another zone")
)
