package aws

import (
	"net/http"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// targets are what a request is to start, stop or end; none for all other requests, and for dry runs.
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

// recordMutation remembers a request that was to change something, and what came of it.
func (r *request) recordMutation(taken bool, code string) {
	for _, target := range r.targets() {
		r.world.RecordMutation(cloudsim.Mutation{Call: r.call, Target: target, Taken: taken, Code: code})
	}
}

// starts tells whether a request is to start something.
func (r *request) starts() bool {
	switch r.call.Action {
	case "StartInstances", "StartDBInstance", "StartDBCluster", "RunInstances":
		return true
	}
	return false
}

// outcome returns how the change ends that the request makes, as the faults determine.
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

// noCapacity is how each service says that it has nothing left to start something on.
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

// noQuota is how each service says that the account's own limit is met.
func noQuota(req *request) *failure {
	if req.call.Service != "ec2" {
		return fail(http.StatusBadRequest, "StorageQuotaExceeded", "The request would result in you exceeding the allowed amount of storage available across all DB instances.")
	}
	return fail(http.StatusBadRequest, "VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance "+
		"bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.")
}
