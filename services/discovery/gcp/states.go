package gcp

import "github.com/rollcall-dev/rollcall/services/discovery"

// machineStates are Compute Engine's words (Compute Engine, "VM instance
// lifecycle"). TERMINATED is a VM that was stopped: one that was deleted is not
// listed.
var machineStates = map[string]discovery.State{
	"PENDING":        discovery.StatePending,
	"PROVISIONING":   discovery.StatePending,
	"STAGING":        discovery.StatePending,
	"RUNNING":        discovery.StateRunning,
	"PENDING_STOP":   discovery.StateStopping,
	"STOPPING":       discovery.StateStopping,
	"SUSPENDING":     discovery.StateStopping,
	"DEPROVISIONING": discovery.StateStopping,
	"STOPPED":        discovery.StateStopped,
	"TERMINATED":     discovery.StateStopped,
	"SUSPENDED":      discovery.StateSuspended,
	"REPAIRING":      discovery.StateMaintenance,
}

// machineState is the state for Compute Engine's own word.
func machineState(word string) discovery.State {
	if state, ok := machineStates[word]; ok {
		return state
	}
	return discovery.StateUnknown
}

// databaseStates are Cloud SQL's words (Cloud SQL Admin API, SqlInstanceState).
var databaseStates = map[string]discovery.State{
	"RUNNABLE":           discovery.StateRunning,
	"SUSPENDED":          discovery.StateSuspended,
	"PENDING_CREATE":     discovery.StatePending,
	"PENDING_DELETE":     discovery.StateStopping,
	"MAINTENANCE":        discovery.StateMaintenance,
	"ONLINE_MAINTENANCE": discovery.StateMaintenance,
	"REPAIRING":          discovery.StateMaintenance,
	"FAILED":             discovery.StateFailed,
}

// databaseState is the state for Cloud SQL's own word. An instance that its owner
// stopped is RUNNABLE too: what tells is the activation policy.
func databaseState(word, activationPolicy string) discovery.State {
	if word == "RUNNABLE" && activationPolicy == "NEVER" {
		return discovery.StateStopped
	}
	if state, ok := databaseStates[word]; ok {
		return state
	}
	return discovery.StateUnknown
}
