package aws

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// machineStates are the codes of EC2's states, the low byte of what it sends
// (EC2 API Reference, InstanceState).
var machineStates = map[int32]provider.State{
	0:  provider.StatePending,
	16: provider.StateRunning,
	32: provider.StateStopping, // shutting-down: on its way to terminated
	48: provider.StateTerminated,
	64: provider.StateStopping,
	80: provider.StateStopped,
}

// machineWords are the same by name, for answers without a code.
var machineWords = map[types.InstanceStateName]int32{
	types.InstanceStateNamePending:      0,
	types.InstanceStateNameRunning:      16,
	types.InstanceStateNameShuttingDown: 32,
	types.InstanceStateNameTerminated:   48,
	types.InstanceStateNameStopping:     64,
	types.InstanceStateNameStopped:      80,
}

// machineState is an instance's state, and EC2's own word for it.
func machineState(state *types.InstanceState) (provider.State, string) {
	if state == nil {
		return provider.StateUnknown, ""
	}
	code, known := machineWords[state.Name]
	if state.Code != nil {
		// The high byte is EC2's own business.
		code, known = aws.ToInt32(state.Code)&0xff, true
	}
	if mapped, ok := machineStates[code]; ok && known {
		return mapped, string(state.Name)
	}
	return provider.StateUnknown, string(state.Name)
}

// databaseStates are RDS's words for states (RDS User Guide, "Viewing Amazon RDS
// DB instance status").
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

// databaseFamilies are words that RDS makes more and more of, by their
// beginning: configuring-log-exports, incompatible-network.
var databaseFamilies = []struct {
	prefix string
	state  provider.State
}{
	{"configuring-", provider.StateMaintenance},
	{"incompatible-", provider.StateFailed},
	{"inaccessible-encryption-credentials", provider.StateFailed},
}

// databaseState is the state for RDS's own word.
func databaseState(word string) provider.State {
	if state, ok := databaseStates[word]; ok {
		return state
	}
	for _, family := range databaseFamilies {
		if strings.HasPrefix(word, family.prefix) {
			return family.state
		}
	}
	return provider.StateUnknown
}
