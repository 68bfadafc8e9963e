package inventory

import (
	"crypto/sha1" //nolint:gosec // See derive.
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// Instance is an instance of a cloud, as it was last observed. Zero times are unset. The table in
// fields.go describes its fields.
type Instance struct {
	// UID identifies the instance for ever. See InstanceUID.
	UID uuid.UUID
	// Account is the bare ID of the account: `aws-100000000001`.
	Account  string
	Provider Provider
	Kind     Kind
	// ProviderID is the ID that the provider never gives to another instance.
	ProviderID string
	// ProviderURI is the address of the instance in the cloud: an ARN or a self link.
	ProviderURI   string
	DisplayName   string
	Region        string
	Zone          string
	State         State
	ProviderState string
	MachineType   string
	PrivateIPs    []string
	PublicIPs     []string
	Labels        map[string]string
	// VM may be set for a VirtualMachine, and DB for a Database.
	VM *VMDetails
	DB *DBDetails
	// CreateTime comes from the provider.
	CreateTime time.Time

	// What follows is set by Rollcall and not by an observation.

	FirstSeenTime time.Time
	ChangeTime    time.Time
	// ObserveTime is the time of the last observation, of the instance alone or of its scope.
	ObserveTime time.Time
	GoneTime    time.Time
	// Hash is the content hash. See Hasher.Content.
	Hash Hash
}

// VMDetails are the details of a virtual machine.
type VMDetails struct {
	Image            string
	Architecture     string
	Platform         string
	Spot             bool
	Network          string
	Subnet           string
	Hostname         string
	AutoscalingGroup string
	StartTime        time.Time
}

// DBDetails are the details of a managed database.
type DBDetails struct {
	Engine        string
	EngineVersion string
	// StorageGiB is 0 if the storage grows by itself or if its size is unknown.
	StorageGiB       int64
	Endpoint         string
	Port             int32
	HighAvailability bool
	ReplicaOf        string
	Cluster          string
	ClusterWriter    bool
	Network          string
	// AutoRestartTime is when the provider starts the instance by itself; zero if it does not.
	AutoRestartTime time.Time
}

// InstanceName returns the resource name of the instance with this UID.
func InstanceName(uid uuid.UUID) string { return "instances/" + uid.String() }

// Gone reports whether the deletion of the instance is proven.
func (i *Instance) Gone() bool { return !i.GoneTime.IsZero() }

// ETag returns a text that changes with every change of the instance, and only then (AIP-154).
func (i *Instance) ETag() string {
	etag := hex.EncodeToString(i.Hash[:])
	if i.Gone() {
		etag += "-gone"
	}
	return `"` + etag + `"`
}

// instanceSpace and scopeSpace are the name spaces (RFC 9562, 5.5) of the IDs that Rollcall derives.
// They must never change, because every name in the inventory depends on them.
var (
	instanceSpace = uuid.MustParse("6d2b1f0a-3c77-5f3e-9a51-5d3b8a0e7c11")
	scopeSpace    = uuid.MustParse("b0a5d7f4-9e1d-5c02-8f6e-2f4c1a9d3e22")
)

// InstanceUID returns the UID of an instance. It depends on these three values only, so that an
// instance that was gone and reappears has the same name.
func InstanceUID(account string, kind Kind, providerID string) uuid.UUID {
	return derive(instanceSpace, account, string(kind), providerID)
}

// derive returns a UUID (version 5, RFC 9562, 5.5) of three parts. No part contains a NUL, which
// separates them. It does not use uuid.NewSHA1, which allocates, because it runs for every instance of
// every sync.
func derive(space uuid.UUID, first, second, third string) uuid.UUID {
	var room [256]byte
	name := append(room[:0], space[:]...)
	name = append(name, first...)
	name = append(name, 0)
	name = append(name, second...)
	name = append(name, 0)
	name = append(name, third...)
	sum := sha1.Sum(name) //nolint:gosec // Version 5 demands it; nothing is kept secret.
	id := uuid.UUID(sum[:len(uuid.UUID{})])
	id[6] = id[6]&0x0f | 5<<4
	id[8] = id[8]&0x3f | 0x80
	return id
}
