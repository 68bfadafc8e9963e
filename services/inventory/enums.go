package inventory

import "github.com/rollcall-dev/rollcall/services/internal/cloud"

// Provider is a cloud, as the enum value of the contract is spelled.
type Provider = cloud.Provider

// The providers that tests name; the program asks the registry of clouds.
const (
	AWS = cloud.AWS
	GCP = cloud.GCP
)

// Kind is a kind of instance, as the enum value of the contract is spelled.
type Kind = cloud.Kind

// The kinds. KindUnspecified is the kind of the scope that stands for a whole account.
const (
	KindUnspecified Kind = "KIND_UNSPECIFIED"
	VirtualMachine       = cloud.VirtualMachine
	Database             = cloud.Database
)

// State is what an instance is doing, by its word in the contract.
type State string

// The states.
const (
	StatePending     State = "PENDING"
	StateRunning     State = "RUNNING"
	StateStopping    State = "STOPPING"
	StateStopped     State = "STOPPED"
	StateSuspended   State = "SUSPENDED"
	StateTerminated  State = "TERMINATED"
	StateFailed      State = "FAILED"
	StateMaintenance State = "MAINTENANCE"
	// StateGone is never observed: a complete observation lacked the instance.
	StateGone State = "GONE"
	// StateUnknown is a word of the cloud's that is new to Rollcall.
	StateUnknown State = "UNKNOWN"
)

// Providers lists the providers of the contract.
func Providers() []Provider { return cloud.Providers() }

// Kinds lists the kinds, the unspecified one first.
func Kinds() []Kind { return append([]Kind{KindUnspecified}, cloud.Kinds()...) }

// States are all states.
func States() []State {
	return []State{StatePending, StateRunning, StateStopping, StateStopped, StateSuspended,
		StateTerminated, StateFailed, StateMaintenance, StateGone, StateUnknown}
}
