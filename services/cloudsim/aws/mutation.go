package aws

import (
	"net/http"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// targets returns the ids that a request starts, stops or deletes; none for other requests and for
// dry runs.
func (r *request) targets() []string {
	switch r.call.Action {
	case "StartInstances", "StopInstances", "TerminateInstances":
		if r.form.Get("DryRun") == "true" {
			return nil
		}
		return r.list("InstanceId")
	case "StartDBInstance", "StopDBInstance", "DeleteDBInstance":
		return []string{resourceName(r.form.Get("DBInstanceIdentifier"))}
	case "StartDBCluster", "StopDBCluster":
		return []string{resourceName(r.form.Get("DBClusterIdentifier"))}
	}
	return nil
}

// recordMutation records a mutation for each target of the request.
func (r *request) recordMutation(taken bool, code string) {
	for _, target := range r.targets() {
		r.world.RecordMutation(cloudsim.Mutation{Call: r.call, Target: target, Taken: taken, Code: code})
	}
}

// starts reports whether a request starts something.
func (r *request) starts() bool {
	switch r.call.Action {
	case "StartInstances", "StartDBInstance", "StartDBCluster", "RunInstances":
		return true
	}
	return false
}

// outcome returns how a change ends that the request begins, according to the faults.
func (r *request) outcome() cloudsim.Outcome {
	var outcome cloudsim.Outcome
	for _, fault := range r.faults {
		switch fault.Kind {
		case cloudsim.Linger:
			outcome.Linger += fault.Delay
		case cloudsim.ComeToNothing:
			outcome.Fails, outcome.Code, outcome.Message = true, fault.Code, fault.Message
			if outcome.Code == "" && r.call.Service == "ec2" {
				outcome.Code, outcome.Message = "Client.InternalError", "Client error on launch"
			}
		}
	}
	return outcome
}

// noCapacity returns each service's error for a lack of capacity.
func noCapacity(req *request) *failure {
	if req.call.Service != "ec2" {
		return fail(http.StatusBadRequest, "InsufficientDBInstanceCapacity", "The specified DB instance class isn't available in the specified Availability Zone.")
	}
	instanceType, zone := "", ""
	for _, id := range req.targets() {
		if m, err := req.cloud.Instance(req.call.Account, req.call.Region, id); err == nil {
			instanceType, zone = m.Type, m.Network.Zone
		}
	}
	return fail(http.StatusInternalServerError, "InsufficientInstanceCapacity", "We currently do not have sufficient %s capacity in the Availability Zone you requested (%s). "+
		"Our system will be working on provisioning additional capacity.", instanceType, zone)
}

// noQuota returns each service's error for an exceeded quota.
func noQuota(req *request) *failure {
	if req.call.Service != "ec2" {
		return fail(http.StatusBadRequest, "StorageQuotaExceeded", "The request would result in you exceeding the allowed amount of storage available across all DB instances.")
	}
	return fail(http.StatusBadRequest, "VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance "+
		"bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.")
}
