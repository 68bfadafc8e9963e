package inventory

import (
	"crypto/sha1" //nolint:gosec // see derive
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// Instance is one cloud instance, as it was last observed. Zero times are unset.
type Instance struct {
	// UID names the instance for ever, see InstanceUID.
	UID uuid.UUID
	// Account is the bare id of the account: `aws-100000000001`.
	Account  string
	Provider Provider
	Kind     Kind
	// ProviderID is the id that the cloud never gives to another thing.
	ProviderID string
	// ProviderURI is the cloud's own address of it: ARN or self link.
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
	// VM is set for a VirtualMachine and DB for a Database; both may be nil.
	VM *VMDetails
	DB *DBDetails
	// CreateTime is the cloud's.
	CreateTime time.Time

	// What follows is Rollcall's own; no observation brings it.

	FirstSeenTime time.Time
	ChangeTime    time.Time
	// ObserveTime is when it was last looked at, alone or with its scope.
	ObserveTime time.Time
	GoneTime    time.Time
	// Hash is of the content, see Hasher.Content.
	Hash Hash
}

// VMDetails are what only a virtual machine has.
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

// DBDetails are what only a managed database has.
type DBDetails struct {
	Engine        string
	EngineVersion string
	// StorageGiB is 0 when it grows by itself or is unknown.
	StorageGiB       int64
	Endpoint         string
	Port             int32
	HighAvailability bool
	ReplicaOf        string
	Cluster          string
	ClusterWriter    bool
	Network          string
	// AutoRestartTime is when the cloud starts it by itself; zero: it does not.
	AutoRestartTime time.Time
}

// InstanceName is the resource name of the instance with this id.
func InstanceName(uid uuid.UUID) string { return "instances/" + uid.String() }

// Gone tells whether the last complete observation of its scope lacked it.
func (i *Instance) Gone() bool { return !i.GoneTime.IsZero() }

// ETag changes with every change of the instance, and only then (AIP-154).
func (i *Instance) ETag() string {
	etag := hex.EncodeToString(i.Hash[:])
	if i.Gone() {
		etag += "-gone"
	}
	return `"` + etag + `"`
}

// instanceSpace and scopeSpace are the name spaces (RFC 9562, 5.5) of the ids
// that Rollcall derives. They must never change: every name on the roll hangs
// on them.
var (
	instanceSpace = uuid.MustParse("6d2b1f0a-3c77-5f3e-9a51-5d3b8a0e7c11")
	scopeSpace    = uuid.MustParse("b0a5d7f4-9e1d-5c02-8f6e-2f4c1a9d3e22")
)

// InstanceUID is the id of an instance. It hangs on nothing but these three, so
// that the same thing has the same name also after it was gone and came back.
func InstanceUID(account string, kind Kind, providerID string) uuid.UUID {
	return derive(instanceSpace, account, string(kind), providerID)
}

// derive makes an id (version 5, RFC 9562, 5.5) of parts that can't run into each
// other: no part holds a NUL. By hand, as uuid.NewSHA1 makes garbage each time and
// this runs for every instance of every re-read.
func derive(space uuid.UUID, first, second, third string) uuid.UUID {
	var room [256]byte
	name := append(room[:0], space[:]...)
	name = append(name, first...)
	name = append(name, 0)
	name = append(name, second...)
	name = append(name, 0)
	name = append(name, third...)
	sum := sha1.Sum(name) //nolint:gosec // the version of the id demands it; nothing is kept secret
	id := uuid.UUID(sum[:len(uuid.UUID{})])
	id[6] = id[6]&0x0f | 5<<4
	id[8] = id[8]&0x3f | 0x80
	return id
}
