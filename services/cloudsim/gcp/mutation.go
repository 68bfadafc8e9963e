package gcp

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// mutates reports whether a request changes something.
func (r *request) mutates() bool {
	switch r.action {
	case "instances.start", "instances.stop", "instances.suspend", "instances.resume", "instances.patch":
		return true
	}
	return false
}

// recordMutation records a mutation for a request that changes something.
func (r *request) recordMutation(taken bool, refused *failure) {
	if !r.mutates() {
		return
	}
	m := cloudsim.Mutation{
		Call: r.call, Target: r.http.PathValue("instance"), RequestID: r.query.Get("requestId"), Taken: taken, Repeated: r.repeated,
	}
	if r.service == "compute" {
		m.Target = instanceName(r)
	}
	if refused != nil {
		m.Code = refused.reason
	}
	r.world.RecordMutation(m)
}

// starts reports whether a request starts something.
func (r *request) starts() bool {
	return r.action == "instances.start" || r.action == "instances.resume"
}

// outcome returns how a change ends that the request begins, according to the faults, and the
// failure of its operation.
func (r *request) outcome(zone string) (outcome cloudsim.Outcome, ends *OperationFailure) {
	for _, fault := range r.faults {
		switch fault.Kind {
		case cloudsim.Linger:
			outcome.Linger += fault.Delay
		case cloudsim.NoCapacity:
			if r.starts() {
				ends = &OperationFailure{Code: "ZONE_RESOURCE_POOL_EXHAUSTED", Status: http.StatusServiceUnavailable, Message: "The zone 'projects/" +
					r.project.ID + "/zones/" + zone + "' does not have enough resources available to fulfill the request.  Try a different zone, or try again later."}
			}
		case cloudsim.NoQuota:
			if r.starts() {
				ends = &OperationFailure{Code: "QUOTA_EXCEEDED", Status: http.StatusForbidden, Message: "Quota 'CPUS' exceeded.  Limit: 24.0 in region " +
					RegionOfZone(zone) + "."}
			}
		case cloudsim.ComeToNothing:
			ends = &OperationFailure{Code: "INTERNAL_ERROR", Message: "Internal error. Please try again or contact Google Support.", Status: http.StatusInternalServerError}
			if fault.Code != "" {
				ends.Code, ends.Message = fault.Code, fault.Message
			}
		}
	}
	outcome.Fails = ends != nil
	return outcome, ends
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// requestID returns the request id that the caller chose. It must be a UUID other than the zero
// UUID.
func requestID(req *request) (string, error) {
	id := req.query.Get("requestId")
	if id != "" && (!uuidPattern.MatchString(id) || strings.Trim(id, "0-") == "") {
		return "", invalid("Invalid value for field 'requestId': '%s'. The request ID must be a valid UUID with the exception that zero UUID is not supported.", id)
	}
	return id, nil
}

// operationError writes the failure of an operation.
func (d *document) operationError(f *OperationFailure, element string) {
	d.object("error")
	if element != "" {
		d.word("kind", element+"s")
	}
	d.array("errors")
	d.object("")
	if element != "" {
		d.word("kind", element)
	}
	d.word("code", f.Code)
	d.text("message", f.Message)
	d.endObject()
	d.endArray()
	d.endObject()
}
