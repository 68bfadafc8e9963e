package gcp

import (
	"cmp"
	"net/http"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// faultFailure returns the error of the first fault that responds with one, or nil.
func faultFailure(req *request) *failure {
	for _, fault := range req.faults {
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
			return badCredentials(req, fault.Kind)
		case cloudsim.NotEnabled:
			return disabled(req.service, req.project.Number)
		case cloudsim.Respond:
			return respond(fault)
		}
	}
	return nil
}

// badCredentials returns the error of a service or a token endpoint for expired or unknown
// credentials.
func badCredentials(req *request, kind cloudsim.FaultKind) *failure {
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

// respond returns the response of a Respond fault: Google's error if it has a code, else the
// message as the whole body.
func respond(fault cloudsim.Fault) *failure {
	f := fail(cmp.Or(fault.Status, http.StatusBadRequest), fault.Code, fault.Code, "%s", fault.Message)
	f.plain = fault.Code == ""
	return f
}

// spoil cuts the JSON of a response for a Malformed fault.
func spoil(s cloudsim.FaultSet, d *document) {
	if s.Has(cloudsim.Malformed) {
		d.b = append(d.b[:len(d.b)/2], "\x00oops"...)
	}
}
