package aws

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// State is the state of an instance.
type State uint8

// The states of an EC2 instance.
const (
	Pending State = iota
	Running
	ShuttingDown
	Terminated
	Stopping
	Stopped
)

var stateNames = [...]string{"pending", "running", "shutting-down", "terminated", "stopping", "stopped"}

// stateCodes are the low bytes of EC2's instance-state-code. Source: EC2 API reference,
// InstanceState.
var stateCodes = [...]int{0, 16, 32, 48, 64, 80}

// String returns EC2's name of the state.
func (s State) String() string { return stateNames[s] }

// Code returns EC2's number of the state.
func (s State) Code() int { return stateCodes[s] }

// settled returns the state in which an intermediate state ends, and any other state itself.
func (s State) settled() State {
	switch s {
	case Pending:
		return Running
	case ShuttingDown:
		return Terminated
	case Stopping:
		return Stopped
	default:
		return s
	}
}

// Network is a subnet of a VPC in one zone, shared by the instances in it.
type Network struct {
	Zone          string
	ZoneID        string
	VPC           string
	Subnet        string
	SecurityGroup string
}

// Instance is an EC2 instance. Values are snapshots; Tags, Image and Network are shared and must
// not be modified.
type Instance struct {
	ID     string // i- and 17 hexadecimal digits; never reused
	Region string
	Type   string // m6i.large
	State  State
	Spot   bool
	// Persistent reports that the spot request is persistent. Only then can a spot instance be
	// stopped.
	Persistent bool
	// InstanceStore reports that the root disk belongs to the host. EC2 does not stop such
	// instances.
	InstanceStore bool
	// StopProtected is EC2's protection against a stop (disableApiStop).
	StopProtected bool
	// Bare instances have only an id and a state: responses omit every optional element.
	Bare      bool
	Image     *Image
	Network   *Network
	PrivateIP netip.Addr
	PublicIP  netip.Addr // invalid if there is none
	Created   time.Time  // when its volumes and network interface were attached
	Launched  time.Time  // the last start
	// Changed is when the last state change began.
	Changed time.Time
	Tags    []cloudsim.Tag // sorted by key
	// Failure is EC2's code for the failure of the last start, "" if it succeeded. FailureText is
	// the message.
	Failure, FailureText string
	// Versions are the times of the creation and of each change, with Config.VersionTag.
	Versions cloudsim.Versions

	// Seq orders the instances of a region, oldest first. Page tokens contain it.
	Seq uint64
	// Reservation is equal for all instances that were launched in one request, and Index counts
	// them from 0.
	Reservation uint64
	Index       int
	// Entropy is a random number from which the handler derives ids of volumes and network
	// interfaces.
	Entropy uint64
}

// Tag returns the value of a tag, "" if there is none.
func (m *Instance) Tag(key string) string { return cloudsim.FindTag(m.Tags, key) }

// Name returns the Name tag.
func (m *Instance) Name() string { return m.Tag("Name") }

// InstanceSpec describes instances to launch. The seed determines the empty fields.
type InstanceSpec struct {
	// Count is the number of instances. Default: 1.
	Count int
	Name  string // becomes the Name tag
	Type  string
	Image string // an image id; unknown ones are Linux on x86_64
	Spot  bool
	// Persistent, InstanceStore and StopProtected are those of Instance.
	Persistent, InstanceStore, StopProtected bool
	// Group is the name of its Auto Scaling group, which becomes the tag that EC2 Auto Scaling
	// sets.
	Group string
	// Subnet is the id of a subnet of the region.
	Subnet string
	Tags   map[string]string
	// Bare omits every optional element from responses.
	Bare bool
}

// instanceID formats an instance id like EC2: 17 hexadecimal digits, the first of which is 0.
func instanceID(n uint64) string { return fmt.Sprintf("i-0%016x", n) }
