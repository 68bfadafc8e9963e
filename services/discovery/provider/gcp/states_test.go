package gcp

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

func TestMachineState(t *testing.T) {
	for status, want := range map[string]provider.State{
		"PENDING": provider.StatePending, "PROVISIONING": provider.StatePending, "STAGING": provider.StatePending,
		"RUNNING": provider.StateRunning, "PENDING_STOP": provider.StateStopping, "STOPPING": provider.StateStopping,
		"SUSPENDING": provider.StateStopping, "DEPROVISIONING": provider.StateStopping, "STOPPED": provider.StateStopped,
		"TERMINATED": provider.StateStopped, "SUSPENDED": provider.StateSuspended, "REPAIRING": provider.StateMaintenance,
		"": provider.StateUnknown, "A_NEW_ONE": provider.StateUnknown,
	} {
		if got := machineState(status); got != want {
			t.Errorf("%q is %s, want %s", status, got, want)
		}
	}
}

func TestDatabaseState(t *testing.T) {
	for _, tt := range []struct {
		state, policy string
		want          provider.State
	}{
		{"RUNNABLE", "ALWAYS", provider.StateRunning},
		{"RUNNABLE", "ON_DEMAND", provider.StateRunning},
		{"RUNNABLE", "", provider.StateRunning},
		{"RUNNABLE", "NEVER", provider.StateStopped},
		{"SUSPENDED", "NEVER", provider.StateSuspended},
		{"PENDING_CREATE", "ALWAYS", provider.StatePending},
		{"PENDING_DELETE", "NEVER", provider.StateStopping},
		{"MAINTENANCE", "NEVER", provider.StateMaintenance},
		{"ONLINE_MAINTENANCE", "ALWAYS", provider.StateMaintenance},
		{"REPAIRING", "ALWAYS", provider.StateMaintenance},
		{"FAILED", "NEVER", provider.StateFailed},
		{"", "", provider.StateUnknown},
		{"A_NEW_ONE", "NEVER", provider.StateUnknown},
	} {
		if got := databaseState(tt.state, tt.policy); got != tt.want {
			t.Errorf("%q with policy %q is %s, want %s", tt.state, tt.policy, got, tt.want)
		}
	}
}
