package aws

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

// machineStates are the codes of EC2's states, the low byte of what it sends
// (EC2 API Reference, InstanceState).
var machineStates = map[int32]discovery.State{
	0:  discovery.StatePending,
	16: discovery.StateRunning,
	32: discovery.StateStopping, // shutting-down: on its way to terminated
	48: discovery.StateTerminated,
	64: discovery.StateStopping,
	80: discovery.StateStopped,
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
func machineState(state *types.InstanceState) (discovery.State, string) {
	if state == nil {
		return discovery.StateUnknown, ""
	}
	code, known := machineWords[state.Name]
	if state.Code != nil {
		// The high byte is EC2's own business.
		code, known = aws.ToInt32(state.Code)&0xff, true
	}
	if mapped, ok := machineStates[code]; ok && known {
		return mapped, string(state.Name)
	}
	return discovery.StateUnknown, string(state.Name)
}

// databaseStates are RDS's words for states (RDS User Guide, "Viewing Amazon RDS
// DB instance status").
var databaseStates = map[string]discovery.State{
	"available": discovery.StateRunning,

	"creating": discovery.StatePending,
	"starting": discovery.StatePending,

	"stopping":        discovery.StateStopping,
	"deleting":        discovery.StateStopping,
	"delete-precheck": discovery.StateStopping,
	"stopped":         discovery.StateStopped,

	"backing-up":                   discovery.StateMaintenance,
	"converting-to-vpc":            discovery.StateMaintenance,
	"maintenance":                  discovery.StateMaintenance,
	"modifying":                    discovery.StateMaintenance,
	"moving-to-vpc":                discovery.StateMaintenance,
	"promoting":                    discovery.StateMaintenance,
	"rebooting":                    discovery.StateMaintenance,
	"renaming":                     discovery.StateMaintenance,
	"resetting-master-credentials": discovery.StateMaintenance,
	"storage-config-upgrade":       discovery.StateMaintenance,
	"storage-initialization":       discovery.StateMaintenance,
	"storage-optimization":         discovery.StateMaintenance,
	"upgrading":                    discovery.StateMaintenance,

	"failed":                discovery.StateFailed,
	"insufficient-capacity": discovery.StateFailed,
	"restore-error":         discovery.StateFailed,
	"storage-full":          discovery.StateFailed,
	"upgrade-failed":        discovery.StateFailed,
}

// databaseFamilies are words that RDS makes more and more of, by their
// beginning: configuring-log-exports, incompatible-network.
var databaseFamilies = []struct {
	prefix string
	state  discovery.State
}{
	{"configuring-", discovery.StateMaintenance},
	{"incompatible-", discovery.StateFailed},
	{"inaccessible-encryption-credentials", discovery.StateFailed},
}

// databaseState is the state for RDS's own word.
func databaseState(word string) discovery.State {
	if state, ok := databaseStates[word]; ok {
		return state
	}
	for _, family := range databaseFamilies {
		if strings.HasPrefix(word, family.prefix) {
			return family.state
		}
	}
	return discovery.StateUnknown
}
