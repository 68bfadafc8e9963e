package provider

import "time"

// State is the state of an instance, as the enum value rollcall.inventory.v1.State is spelled.
type State string

// The states that a provider returns. GONE is not one of them: only the inventory decides that an
// instance is gone.
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

// Instance is one instance as a cloud shows it. A field that the cloud omits has the zero value;
// only ProviderID is always set.
type Instance struct {
	// ProviderID is the cloud's id of the instance, unique among the instances of its kind in the
	// account.
	ProviderID string
	// ProviderURI is the cloud's address of the instance: an ARN or a self link.
	ProviderURI string
	DisplayName string
	Region      string
	Zone        string
	State       State
	// ProviderState is the state in the cloud's own spelling.
	ProviderState string
	MachineType   string
	// PrivateIPs and PublicIPs are the IPv4 and IPv6 addresses, each once.
	PrivateIPs []string
	PublicIPs  []string
	Labels     map[string]string
	// CreateTime is when the cloud created the instance; zero if the cloud does not report it.
	CreateTime time.Time
	// Machine and Database hold the fields of one kind. The pointer of the other kind is nil.
	Machine  *MachineDetails
	Database *DatabaseDetails
}

// MachineDetails are the fields of a virtual machine.
type MachineDetails struct {
	Image        string
	Architecture string
	// Platform is the platform that the cloud bills: `Linux/UNIX`.
	Platform         string
	Spot             bool
	Network          string
	Subnet           string
	Hostname         string
	AutoscalingGroup string
	StartTime        time.Time

	// The fields below serve start and stop only. They are not in the inventory.

	// InstanceStore reports whether the root disk is lost when the machine stops.
	InstanceStore bool
	// SpotRequest is the id of the request that the spot capacity comes from.
	SpotRequest string
	// LocalDisks is the number of disks whose content is lost when the machine stops.
	LocalDisks int
	// StateReason is the cloud's reason for the state: a code, a colon and a text.
	StateReason string
}

// DatabaseDetails are the fields of a managed database.
type DatabaseDetails struct {
	Engine        string
	EngineVersion string
	// StorageGiB is 0 if the storage grows by itself or its size is unknown.
	StorageGiB       int64
	Endpoint         string
	Port             int32
	HighAvailability bool
	// ReplicaOf is the cloud's name of the source of a replica. It is empty for a primary.
	ReplicaOf string
	// Cluster is the cluster that the database is a member of. ClusterWriter reports whether it is
	// the writer of that cluster.
	Cluster       string
	ClusterWriter bool
	Network       string
	// AutoRestartTime is when the cloud starts the stopped database by itself; zero if it does not,
	// or does not report it.
	AutoRestartTime time.Time

	// Replicas are the cloud's names of the replicas of the database. They are not in the
	// inventory.
	Replicas []string
}
