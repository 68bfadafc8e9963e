package provider

import (
	"context"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// VerifyingSession is a Session that can try what its credentials may do.
type VerifyingSession interface {
	Session

	// Principal is who the credentials are, as the cloud or they themselves say;
	// "" when neither does. Known after Identity.
	Principal() string

	// Permissions tries every permission that Rollcall uses, each by a call that
	// is cheap and changes nothing. Those for which ctx leaves no time are there
	// too, as CantTell.
	Permissions(ctx context.Context) []Permission
}

// PermissionStatus is whether credentials have a permission, as the enum word of
// VerifyAccountResponse.Permission.Status.
type PermissionStatus string

// The statuses of a permission.
const (
	// Have: the cloud did what the permission is for.
	Have PermissionStatus = "HAVE"
	// Lack: the cloud refused for want of it.
	Lack PermissionStatus = "LACK"
	// CantTell: the cloud gave no answer that tells.
	CantTell PermissionStatus = "CANT_TELL"
)

// Permission is one permission, as it was tried in one location.
type Permission struct {
	// Name is the cloud's own, `ec2:DescribeInstances`.
	Name string
	// Location is the region; "" for all.
	Location string
	Status   PermissionStatus
	// Failure says why they don't have it, or it can't be told; nil when they do.
	Failure *fault.Error
	// Optional tells that accounts are read without it.
	Optional bool
}

// TriedPermission is what a try came to: err is nil, a *fault.Error, or the
// context's.
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
