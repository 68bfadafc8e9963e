package aws

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// faultSet holds the faults that hit one request.
type faultSet []cloudsim.Fault

// has tells whether a kind of fault is among them.
func (s faultSet) has(kind cloudsim.FaultKind) bool {
	return slices.ContainsFunc(s, func(f cloudsim.Fault) bool { return f.Kind == kind })
}

// delay waits as long as the faults and the world's latency say. It returns false when there is to be no answer.
func (s faultSet) delay(ctx context.Context, latency time.Duration) bool {
	for _, fault := range s {
		switch fault.Kind {
		case cloudsim.Drop:
			return false
		case cloudsim.Hang:
			<-ctx.Done() // the server ends it when the client gives up
			return false
		case cloudsim.Slow:
			latency += fault.Delay
		}
	}
	if latency <= 0 {
		return true
	}
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// failure returns the error that a fault answers with, nil when none does.
func (s faultSet) failure(req *request) *failure {
	service := req.call.Service
	for _, fault := range s {
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

// nextToken returns the token that a page ends with: the honest one, unless a fault says otherwise.
func (s faultSet) nextToken(presented, honest, endless string) string {
	switch {
	case s.has(cloudsim.LastPage):
		return ""
	case s.has(cloudsim.RepeatToken):
		return cmp.Or(presented, honest)
	case s.has(cloudsim.EndlessPages):
		return cmp.Or(honest, endless)
	default:
		return honest
	}
}

// spoil cuts a finished answer short when a fault says so, so that its XML ends in the middle. It cuts before the end of
// what was asked for: the SDK for Go reads no further than that, and would not notice.
func (s faultSet) spoil(d *document) {
	if s.has(cloudsim.Malformed) {
		d.b = append(d.b[:len(d.b)/2], "</oops"...)
	}
}

// truncated tells how many of an answer's bytes are sent before the connection is closed.
func (s faultSet) truncated(length int) (n int, cut bool) {
	return length / 2, s.has(cloudsim.Truncate)
}

// asFailure turns an error of an action into an answer.
func asFailure(req *request, err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	switch {
	case errors.Is(err, cloudsim.ErrNoRegion), errors.Is(err, cloudsim.ErrNoAccount):
		return notEnabled(req.call.Service)
	case errors.Is(err, cloudsim.ErrDenied):
		return denied(req.call.Service, req.call.Action, req.principal.ARN)
	default:
		return internalError(req.call.Service)
	}
}
