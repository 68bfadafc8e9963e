package inventory

// Provider is a cloud, by its word in the contract.
type Provider string

// The providers.
const (
	AWS Provider = "AWS"
	GCP Provider = "GCP"
)

// Kind is what sort of thing an instance is, by its word in the contract.
type Kind string

// The kinds. KindUnspecified is the kind of the scope that stands for a whole
// account.
const (
	KindUnspecified Kind = "KIND_UNSPECIFIED"
	VirtualMachine  Kind = "VIRTUAL_MACHINE"
	Database        Kind = "DATABASE"
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

// Providers are all providers.
func Providers() []Provider { return []Provider{AWS, GCP} }

// Kinds are all kinds, the unspecified one first.
func Kinds() []Kind { return []Kind{KindUnspecified, VirtualMachine, Database} }

// States are all states.
func States() []State {
	return []State{StatePending, StateRunning, StateStopping, StateStopped, StateSuspended,
		StateTerminated, StateFailed, StateMaintenance, StateGone, StateUnknown}
}
