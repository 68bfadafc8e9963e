package provider

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// ProviderName is a cloud, as the enum value of the contract is spelled.
type ProviderName = cloud.Provider

// The providers that this program implements.
const (
	AWS = cloud.AWS
	GCP = cloud.GCP
)

// Kind is a kind of instance, as the enum value of the contract is spelled.
type Kind = cloud.Kind

// The kinds.
const (
	VirtualMachine = cloud.VirtualMachine
	Database       = cloud.Database
)

// State is what an instance is doing, as the enum word of the contract.
type State string

// The states that a provider may see. GONE is not among them: only the
// inventory finds that.
const (
	StatePending     State = "PENDING"
	StateRunning     State = "RUNNING"
	StateStopping    State = "STOPPING"
	StateStopped     State = "STOPPED"
	StateSuspended   State = "SUSPENDED"
	StateTerminated  State = "TERMINATED"
	StateFailed      State = "FAILED"
	StateMaintenance State = "MAINTENANCE"
	StateUnknown     State = "UNKNOWN"
)

// Instance is one instance as a cloud shows it. Whatever the cloud leaves out is
// the zero value; only ProviderID is always there.
type Instance struct {
	// ProviderID is the id that the cloud gives to no other thing of this kind
	// in the account.
	ProviderID string
	// ProviderURI is the cloud's address of it: ARN or self link.
	ProviderURI string
	DisplayName string
	Region      string
	Zone        string
	State       State
	// ProviderState is the cloud's own word for the state.
	ProviderState string
	MachineType   string
	// PrivateIPs and PublicIPs, IPv4 and IPv6, without repeats.
	PrivateIPs []string
	PublicIPs  []string
	Labels     map[string]string
	// CreateTime by the cloud; zero when it does not say.
	CreateTime time.Time
	// Machine or Database holds what only that kind has; the other is nil.
	Machine  *MachineDetails
	Database *DatabaseDetails
}

// MachineDetails is what only a virtual machine has.
type MachineDetails struct {
	Image        string
	Architecture string
	// Platform as the cloud bills it: `Linux/UNIX`.
	Platform         string
	Spot             bool
	Network          string
	Subnet           string
	Hostname         string
	AutoscalingGroup string
	StartTime        time.Time

	// What matters to start and stop alone is not on the roll.

	// InstanceStore tells that the root disk is lost when it stops.
	InstanceStore bool
	// SpotRequest is the request that spot capacity came from.
	SpotRequest string
	// LocalDisks are how many disks it has whose content is lost when it stops.
	LocalDisks int
	// StateReason is why it is in its state, in the cloud's words: a code, a
	// colon, a text.
	StateReason string
}

// DatabaseDetails is what only a managed database has.
type DatabaseDetails struct {
	Engine        string
	EngineVersion string
	// StorageGiB is 0 when storage grows by itself or is unknown.
	StorageGiB       int64
	Endpoint         string
	Port             int32
	HighAvailability bool
	// ReplicaOf in the cloud's words; empty for a primary.
	ReplicaOf string
	// Cluster it is a member of, and whether it takes that one's writes.
	Cluster       string
	ClusterWriter bool
	Network       string
	// AutoRestartTime is when the cloud starts it by itself, while it is stopped;
	// zero when it does not, or does not say.
	AutoRestartTime time.Time

	// Replicas are its copies, in the cloud's words. They are not on the roll.
	Replicas []string
}
