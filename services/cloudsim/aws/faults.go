package aws

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// faultFailure returns the error of the first fault that responds with one, or nil.
func faultFailure(req *request) *failure {
	service := req.call.Service
	for _, fault := range req.faults {
		switch fault.Kind {
		case cloudsim.AccessDenied:
			return denied(service, req.call.Action, req.principal.ARN)
		case cloudsim.Throttle:
			return throttled(service)
		case cloudsim.ServerError, cloudsim.FailMidway:
			return internalError(service)
		case cloudsim.Unavailable:
			return unavailable(service)
		case cloudsim.Expired:
			return expired(service)
		case cloudsim.Revoked:
			return unknownKey(service)
		case cloudsim.NotEnabled:
			return notEnabled(service)
		case cloudsim.NoCapacity, cloudsim.NoQuota:
			if req.starts() {
				return map[cloudsim.FaultKind]func(*request) *failure{cloudsim.NoCapacity: noCapacity, cloudsim.NoQuota: noQuota}[fault.Kind](req)
			}
		case cloudsim.Respond:
			return &failure{
				status: cmp.Or(fault.Status, http.StatusBadRequest), code: cmp.Or(fault.Code, "InternalError"), message: fault.Message,
			}
		}
	}
	return nil
}

// spoil cuts the XML of a response for a Malformed fault. It cuts before the end of the result,
// because the SDK for Go reads no further and would not notice.
func spoil(s cloudsim.FaultSet, d *document) {
	if s.Has(cloudsim.Malformed) {
		d.b = append(d.b[:len(d.b)/2], "</oops"...)
	}
}

// asFailure converts an error of an action into a response.
func asFailure(req *request, err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	switch {
	case errors.Is(err, cloudsim.ErrNoRegion), errors.Is(err, ErrNoAccount):
		return notEnabled(req.call.Service)
	case errors.Is(err, cloudsim.ErrDenied):
		return denied(req.call.Service, req.call.Action, req.principal.ARN)
	default:
		return internalError(req.call.Service)
	}
}
