package gcp

import (
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// machineStates maps the statuses of a VM (Compute Engine, "VM instance lifecycle"). TERMINATED is
// a stopped VM: a deleted one is not listed.
var machineStates = map[string]provider.State{
	"PENDING":        provider.StatePending,
	"PROVISIONING":   provider.StatePending,
	"STAGING":        provider.StatePending,
	"RUNNING":        provider.StateRunning,
	"PENDING_STOP":   provider.StateStopping,
	"STOPPING":       provider.StateStopping,
	"SUSPENDING":     provider.StateStopping,
	"DEPROVISIONING": provider.StateStopping,
	"STOPPED":        provider.StateStopped,
	"TERMINATED":     provider.StateStopped,
	"SUSPENDED":      provider.StateSuspended,
	"REPAIRING":      provider.StateMaintenance,
}

// machineState returns the state for a status of a VM.
func machineState(status string) provider.State {
	if state, ok := machineStates[status]; ok {
		return state
	}
	return provider.StateUnknown
}

// databaseStates maps the states of a Cloud SQL instance (Cloud SQL Admin API, SqlInstanceState).
var databaseStates = map[string]provider.State{
	"RUNNABLE":           provider.StateRunning,
	"SUSPENDED":          provider.StateSuspended,
	"PENDING_CREATE":     provider.StatePending,
	"PENDING_DELETE":     provider.StateStopping,
	"MAINTENANCE":        provider.StateMaintenance,
	"ONLINE_MAINTENANCE": provider.StateMaintenance,
	"REPAIRING":          provider.StateMaintenance,
	"FAILED":             provider.StateFailed,
}

// databaseState returns the state for a state of Cloud SQL. A stopped instance is RUNNABLE too, with
// the activation policy NEVER.
func databaseState(state, activationPolicy string) provider.State {
	if state == "RUNNABLE" && activationPolicy == never {
		return provider.StateStopped
	}
	if state, ok := databaseStates[state]; ok {
		return state
	}
	return provider.StateUnknown
}
