package gcp

import (
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// machineStates are Compute Engine's words (Compute Engine, "VM instance
// lifecycle"). TERMINATED is a VM that was stopped: one that was deleted is not
// listed.
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

// machineState is the state for Compute Engine's own word.
func machineState(word string) provider.State {
	if state, ok := machineStates[word]; ok {
		return state
	}
	return provider.StateUnknown
}

// databaseStates are Cloud SQL's words (Cloud SQL Admin API, SqlInstanceState).
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

// databaseState is the state for Cloud SQL's own word. An instance that its owner
// stopped is RUNNABLE too: what tells is the activation policy.
func databaseState(word, activationPolicy string) provider.State {
	if word == "RUNNABLE" && activationPolicy == "NEVER" {
		return provider.StateStopped
	}
	if state, ok := databaseStates[word]; ok {
		return state
	}
	return provider.StateUnknown
}
