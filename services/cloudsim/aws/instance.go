package aws

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// State is where a machine is in its life.
type State uint8

// The states of a virtual machine, those of EC2.
const (
	Pending State = iota
	Running
	ShuttingDown
	Terminated
	Stopping
	Stopped
)

var stateNames = [...]string{"pending", "running", "shutting-down", "terminated", "stopping", "stopped"}

// stateCodes are the low bytes of EC2's instance-state-code. Source: EC2 API reference, InstanceState.
var stateCodes = [...]int{0, 16, 32, 48, 64, 80}

// String returns EC2's word for the state.
func (s State) String() string { return stateNames[s] }

// Code returns EC2's number for the state.
func (s State) Code() int { return stateCodes[s] }

// settled returns what an intermediate state ends in, and a settled state itself.
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

// Network is a VPC's part in one zone, shared by the machines in it.
type Network struct {
	Zone          string
	ZoneID        string
	VPC           string
	Subnet        string
	SecurityGroup string
}

// Instance is a virtual machine. Values are snapshots; Tags, Image and Network are shared and must not be written to.
type Instance struct {
	ID     string // i- and 17 hexadecimal digits, never used again
	Region string
	Type   string // m6i.large
	State  State
	Spot   bool
	// Persistent tells that the spot request is one: only then can a spot machine be stopped.
	Persistent bool
	// InstanceStore tells that the root disk is one of the host's, which is lost on stop: EC2 stops no such machine.
	InstanceStore bool
	// StopProtected machines have EC2's own protection against being stopped (disableApiStop).
	StopProtected bool
	// Bare machines have only an id and a state: every element that an SDK treats as optional is missing.
	Bare      bool
	Image     *Image
	Network   *Network
	PrivateIP netip.Addr
	PublicIP  netip.Addr // invalid: none
	Created   time.Time // when its volumes and network interface were attached
	Launched  time.Time // the last start
	// Changed is when the state last began to change.
	Changed time.Time
	Tags    []cloudsim.Tag // sorted by key
	// Failure is EC2's code for why the last start came to nothing, "" when it did not; FailureText says it for people.
	Failure, FailureText string
	// Versions are when the machine came and when each change of it was made, with Config.VersionTag.
	Versions cloudsim.Versions

	// Seq orders the machines of a region, oldest first; it is what page tokens hold on to.
	Seq uint64
	// Reservation is the same number for all machines that were launched in one request, and Index counts them from 0.
	Reservation uint64
	Index       int
	// Entropy is a number of the machine's own, from which handlers derive further ids (volumes, network interfaces).
	Entropy uint64
}

// Tag returns the value of a tag, "" when there is none.
func (m *Instance) Tag(key string) string { return cloudsim.FindTag(m.Tags, key) }

// Name returns the Name tag.
func (m *Instance) Name() string { return m.Tag("Name") }

// InstanceSpec describes machines to launch. Empty fields are filled in from the seed.
type InstanceSpec struct {
	// Count is how many. Default 1.
	Count int
	Name  string // becomes the Name tag
	Type  string
	Image string // an image id; unknown ones are taken as Linux on x86_64
	Spot  bool
	// Persistent, InstanceStore and StopProtected are those of Instance.
	Persistent, InstanceStore, StopProtected bool
	// Group is the Auto Scaling group that it belongs to; it becomes the tag that EC2 Auto Scaling sets.
	Group string
	// Subnet must be one of the region's.
	Subnet string
	Tags   map[string]string
	// Bare leaves every optional element out of the answers.
	Bare bool
}

// instanceID formats a machine id as EC2 does: 17 hexadecimal digits, the first one 0.
func instanceID(n uint64) string { return fmt.Sprintf("i-0%016x", n) }
