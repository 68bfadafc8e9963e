package gcp

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// instanceName returns the name of the VM in the path. Compute Engine also accepts its id.
func instanceName(req *request) string {
	given := req.http.PathValue("instance")
	id, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		return given
	}
	name := given
	_ = req.cloud.ScanVMs(req.project.ID, req.call.Region, 0, func(m *VM) bool { // callers detect a wrong zone
		if m.ID == id {
			name = m.Name
		}
		return m.ID != id
	})
	return name
}

// getInstance writes the VM with a name or an id.
func getInstance(req *request, d *document) error {
	if reachable, _ := splitReachable(req, []string{req.call.Region}); len(reachable) == 0 {
		return unreachable("zone " + req.call.Region)
	}
	m, err := req.cloud.VM(req.project.ID, req.call.Region, instanceName(req))
	if err != nil {
		return err
	}
	d.instance(&m, req.project)
	return nil
}

func startInstance(req *request, d *document) error {
	return change(req, d, "start", req.cloud.StartVM)
}

func stopInstance(req *request, d *document) error {
	return change(req, d, "stop", func(project, zone, name string, outcome ...cloudsim.Outcome) (VM, error) {
		m, err := req.cloud.VM(project, zone, name)
		if err == nil && m.LocalSSDs > 0 && !req.query.Has("discardLocalSsd") && m.State != VMTerminated {
			return m, &cloudsim.ResourceError{Err: ErrLocalSSD, ID: name}
		}
		return req.cloud.StopVM(project, zone, name, outcome...)
	})
}

func suspendInstance(req *request, d *document) error {
	return change(req, d, "suspend", req.cloud.SuspendVM)
}
func resumeInstance(req *request, d *document) error {
	return change(req, d, "resume", req.cloud.ResumeVM)
}

// change begins a change of a VM and writes its operation.
func change(req *request, d *document, kind string, do func(project, zone, name string, outcome ...cloudsim.Outcome) (VM, error)) error {
	if reachable, _ := splitReachable(req, []string{req.call.Region}); len(reachable) == 0 {
		return unreachable("zone " + req.call.Region)
	}
	id, err := requestID(req)
	if err != nil {
		return err
	}
	op, repeated, err := req.cloud.OnceOperation(req.project.ID, id, func() (Operation, error) {
		outcome, ends := req.outcome(req.call.Region)
		m, err := do(req.project.ID, req.call.Region, instanceName(req), outcome)
		if err != nil {
			return Operation{}, err
		}
		return req.cloud.BeginOperation(req.project.ID, Operation{
			Kind: kind, Zone: m.Zone, Target: m.Name, TargetID: m.ID, User: req.token.Principal, RequestID: id, Linger: outcome.Linger, Failure: ends,
		})
	})
	if err != nil {
		return err
	}
	req.repeated = repeated
	d.operation(req, op)
	return nil
}

func getOperation(req *request, d *document) error {
	op, err := zoneOperation(req)
	if err != nil {
		return err
	}
	d.operation(req, op)
	return nil
}

// maxWait is the maximum duration of a wait for an operation.
const maxWait = 2 * time.Minute

// waitOperation writes the operation when it has ended, or after maxWait.
func waitOperation(req *request, d *document) error {
	op, err := zoneOperation(req)
	if err != nil {
		return err
	}
	if !cloudsim.Wait(req.http.Context(), min(op.Ends.Sub(req.world.Now()), maxWait)) {
		return serverError(http.StatusBadGateway) // the client disconnected
	}
	d.operation(req, op)
	return nil
}

// zoneOperation returns the operation in the path.
func zoneOperation(req *request) (Operation, error) {
	if !slices.Contains(zones, req.call.Region) {
		return Operation{}, &cloudsim.ResourceError{Err: cloudsim.ErrNoRegion, ID: req.call.Region}
	}
	op, err := req.cloud.Operation(req.project.ID, req.http.PathValue("operation"))
	if err == nil && op.Zone != req.call.Region {
		err = &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: op.Name}
	}
	return op, err
}

// operation writes the present state of a zone operation.
func (d *document) operation(req *request, op Operation) {
	now := req.world.Now()
	d.object("")
	d.word("kind", "compute#operation")
	d.id("id", op.ID)
	d.word("name", op.Name)
	d.link("zone", req.project.ID, "/zones/", op.Zone)
	d.word("operationType", op.Kind)
	d.link("targetLink", req.project.ID, "/zones/", op.Zone, "/instances/", op.Target)
	d.id("targetId", op.TargetID)
	d.text("user", op.User)
	if op.Done(now) {
		d.word("status", "DONE")
		d.number("progress", 100)
	} else {
		d.word("status", "RUNNING")
		d.number("progress", 0)
	}
	d.time("insertTime", op.Begun)
	d.time("startTime", op.Begun)
	if op.Done(now) {
		d.time("endTime", op.Ends)
	}
	if op.RequestID != "" {
		d.word("clientOperationId", op.RequestID)
	}
	if op.Done(now) && op.Failure != nil {
		d.operationError(op.Failure, "")
		d.number("httpErrorStatusCode", op.Failure.Status)
		d.word("httpErrorMessage", strings.ToUpper(http.StatusText(op.Failure.Status)))
	}
	d.link("selfLink", req.project.ID, "/zones/", op.Zone, "/operations/", op.Name)
	d.endObject()
}
