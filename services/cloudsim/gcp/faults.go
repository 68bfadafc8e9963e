package gcp

import (
	"cmp"
	"context"
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
	return wait(ctx, latency)
}

// wait waits for so long. It returns false when the client gave up first.
func wait(ctx context.Context, span time.Duration) bool {
	if span <= 0 {
		return true
	}
	timer := time.NewTimer(span)
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
	for _, fault := range s {
		switch fault.Kind {
		case cloudsim.AccessDenied:
			if req.service == "oauth2" || req.service == "sts.google" {
				return oauthError(http.StatusForbidden, "access_denied", "Account restricted.")
			}
			return denied(req.call, req.permission, req.resource())
		case cloudsim.Throttle:
			return throttled(req.service, req.project.Number)
		case cloudsim.ServerError, cloudsim.FailMidway:
			return serverError(http.StatusInternalServerError)
		case cloudsim.Unavailable:
			return serverError(http.StatusBadGateway)
		case cloudsim.Expired, cloudsim.Revoked:
			return s.credentials(req, fault.Kind)
		case cloudsim.NotEnabled:
			return disabled(req.service, req.project.Number)
		case cloudsim.Respond:
			return respond(fault)
		}
	}
	return nil
}

// credentials is how a service or a token endpoint says that credentials are over, or unknown.
func (s faultSet) credentials(req *request, kind cloudsim.FaultKind) *failure {
	switch {
	case req.service != "oauth2" && req.service != "sts.google" && kind == cloudsim.Expired:
		return unauthenticated(req.service, "ACCESS_TOKEN_EXPIRED")
	case req.service != "oauth2" && req.service != "sts.google":
		return unauthenticated(req.service, "ACCESS_TOKEN_TYPE_UNSUPPORTED")
	case kind == cloudsim.Expired:
		return lateAssertion()
	}
	return unknownKey()
}

// respond answers with what the fault says: Google's error when it has a code, else the message as the whole body.
func respond(fault cloudsim.Fault) *failure {
	f := fail(cmp.Or(fault.Status, http.StatusBadRequest), fault.Code, fault.Code, "%s", fault.Message)
	f.plain = fault.Code == ""
	return f
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

// spoil cuts a finished answer short when a fault says so, so that its JSON ends in the middle.
func (s faultSet) spoil(d *document) {
	if s.has(cloudsim.Malformed) {
		d.b = append(d.b[:len(d.b)/2], "\x00oops"...)
	}
}

// truncated tells how many of an answer's bytes are sent before the connection is closed.
func (s faultSet) truncated(length int) (n int, cut bool) {
	return length / 2, s.has(cloudsim.Truncate)
}
