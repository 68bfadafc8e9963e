package inventory

import "github.com/rollcall-dev/rollcall/services/internal/cloud"

// Provider is a cloud, as the enum value of the API is spelled.
type Provider = cloud.Provider

// The providers that tests name. The program takes them from the registry of clouds.
const (
	AWS = cloud.AWS
	GCP = cloud.GCP
)

// Kind is a kind of instance, as the enum value of the API is spelled.
type Kind = cloud.Kind

// The kinds. KindUnspecified is the kind of the scope that stands for a whole account.
const (
	KindUnspecified Kind = "KIND_UNSPECIFIED"
	VirtualMachine       = cloud.VirtualMachine
	Database             = cloud.Database
)

// State is the state of an instance, as the enum value of the API is spelled.
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
	// StateGone is set by Rollcall when the deletion of an instance is proven. It is never observed.
	StateGone State = "GONE"
	// StateUnknown stands for a state of the provider that Rollcall does not know.
	StateUnknown State = "UNKNOWN"
)

// Providers lists the providers.
func Providers() []Provider { return cloud.Providers() }

// Kinds lists the kinds, the unspecified one first.
func Kinds() []Kind { return append([]Kind{KindUnspecified}, cloud.Kinds()...) }

// States lists the states.
func States() []State {
	return []State{StatePending, StateRunning, StateStopping, StateStopped, StateSuspended,
		StateTerminated, StateFailed, StateMaintenance, StateGone, StateUnknown}
}
