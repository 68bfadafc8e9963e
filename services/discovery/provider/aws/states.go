package aws

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// machineStates has the states by their code, the low byte of what EC2 sends (EC2 API Reference,
// InstanceState).
var machineStates = map[int32]provider.State{
	0:  provider.StatePending,
	16: provider.StateRunning,
	32: provider.StateStopping, // shutting-down: on its way to terminated
	48: provider.StateTerminated,
	64: provider.StateStopping,
	80: provider.StateStopped,
}

// machineCodes has the codes by the name of the state, for answers without a code.
var machineCodes = map[types.InstanceStateName]int32{
	types.InstanceStateNamePending:      0,
	types.InstanceStateNameRunning:      16,
	types.InstanceStateNameShuttingDown: 32,
	types.InstanceStateNameTerminated:   48,
	types.InstanceStateNameStopping:     64,
	types.InstanceStateNameStopped:      80,
}

// machineState returns the state of an instance, and its name in EC2.
func machineState(state *types.InstanceState) (provider.State, string) {
	if state == nil {
		return provider.StateUnknown, ""
	}
	code, known := machineCodes[state.Name]
	if state.Code != nil {
		// The high byte is for EC2's internal use.
		code, known = aws.ToInt32(state.Code)&0xff, true
	}
	if mapped, ok := machineStates[code]; ok && known {
		return mapped, string(state.Name)
	}
	return provider.StateUnknown, string(state.Name)
}

// databaseStates has the states by RDS's status (RDS User Guide, "Viewing Amazon RDS DB instance
// status").
var databaseStates = map[string]provider.State{
	"available": provider.StateRunning,

	"creating": provider.StatePending,
	"starting": provider.StatePending,

	"stopping":        provider.StateStopping,
	"deleting":        provider.StateStopping,
	"delete-precheck": provider.StateStopping,
	"stopped":         provider.StateStopped,

	"backing-up":                   provider.StateMaintenance,
	"converting-to-vpc":            provider.StateMaintenance,
	"maintenance":                  provider.StateMaintenance,
	"modifying":                    provider.StateMaintenance,
	"moving-to-vpc":                provider.StateMaintenance,
	"promoting":                    provider.StateMaintenance,
	"rebooting":                    provider.StateMaintenance,
	"renaming":                     provider.StateMaintenance,
	"resetting-master-credentials": provider.StateMaintenance,
	"storage-config-upgrade":       provider.StateMaintenance,
	"storage-initialization":       provider.StateMaintenance,
	"storage-optimization":         provider.StateMaintenance,
	"upgrading":                    provider.StateMaintenance,

	"failed":                provider.StateFailed,
	"insufficient-capacity": provider.StateFailed,
	"restore-error":         provider.StateFailed,
	"storage-full":          provider.StateFailed,
	"upgrade-failed":        provider.StateFailed,
}

// databaseFamilies has the states of statuses that share a prefix, because RDS adds new ones:
// configuring-log-exports, incompatible-network.
var databaseFamilies = []struct {
	prefix string
	state  provider.State
}{
	{"configuring-", provider.StateMaintenance},
	{"incompatible-", provider.StateFailed},
	{"inaccessible-encryption-credentials", provider.StateFailed},
}

// databaseState returns the state for a status of RDS.
func databaseState(status string) provider.State {
	if state, ok := databaseStates[status]; ok {
		return state
	}
	for _, family := range databaseFamilies {
		if strings.HasPrefix(status, family.prefix) {
			return family.state
		}
	}
	return provider.StateUnknown
}
