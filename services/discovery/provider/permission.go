package provider

import (
	"context"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// VerifyingSession is a Session that can try the permissions of its credentials.
type VerifyingSession interface {
	Session

	// Principal returns the name of the user, role or service account that the credentials belong
	// to. It is known after Identity, and "" if neither the cloud nor the credentials name it.
	Principal() string

	// Permissions tries every permission that Rollcall uses, each with a call that is cheap and
	// changes nothing. A permission that there was no time to try has the status CantTell.
	Permissions(ctx context.Context) []Permission
}

// PermissionStatus reports whether credentials have a permission. Its values are spelled like those
// of VerifyAccountResponse.Permission.Status.
type PermissionStatus string

// The statuses of a permission.
const (
	// Have: the cloud accepted a call that needs the permission.
	Have PermissionStatus = "HAVE"
	// Lack: the cloud rejected the call because the permission is missing.
	Lack PermissionStatus = "LACK"
	// CantTell: the answer of the cloud proves neither, or there was none.
	CantTell PermissionStatus = "CANT_TELL"
)

// Permission is the result of trying one permission in one location.
type Permission struct {
	// Name is the cloud's name of the permission: `ec2:DescribeInstances`.
	Name string
	// Location is the region; "" if the permission has no region.
	Location string
	Status   PermissionStatus
	// Failure is why the status is not Have; nil if it is.
	Failure *fault.Error
	// Optional reports whether accounts can be read without the permission.
	Optional bool
}

// TriedPermission returns the result of a call that needed a permission. err is nil, a *fault.Error
// or the error of the context.
func TriedPermission(name, location string, err error) Permission {
	if err == nil {
		return Permission{Name: name, Location: location, Status: Have}
	}
	p := Permission{Name: name, Location: location, Status: CantTell, Failure: FaultOf(err)}
	if p.Failure.Reason == fault.ReasonPermissionDenied {
		p.Status = Lack
	}
	return p
}
