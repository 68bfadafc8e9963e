package gcp

import (
	"net/netip"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// VMState is the state of a VM, as Compute Engine names it.
type VMState string

// The states of a Compute Engine VM. Source: the Compute Engine page "VM instance lifecycle".
const (
	VMProvisioning   VMState = "PROVISIONING"
	VMStaging        VMState = "STAGING"
	VMRunning        VMState = "RUNNING"
	VMStopping       VMState = "STOPPING"
	VMStopped        VMState = "STOPPED" // documented, but stopped VMs are TERMINATED
	VMSuspending     VMState = "SUSPENDING"
	VMSuspended      VMState = "SUSPENDED"
	VMRepairing      VMState = "REPAIRING"
	VMTerminated     VMState = "TERMINATED" // stopped, not deleted
	VMDeprovisioning VMState = "DEPROVISIONING"
)

// VMStates lists all states.
var VMStates = []VMState{
	VMProvisioning, VMStaging, VMRunning, VMStopping, VMStopped, VMSuspending, VMSuspended, VMRepairing, VMTerminated, VMDeprovisioning,
}

// VM is a Compute Engine instance. Values are snapshots; Labels, Image and Network are shared and
// must not be modified.
type VM struct {
	ID   uint64 // never reused
	Name string // unique in its zone at one time
	Zone string
	Type string // e2-standard-4
	// State is the state at the time of the snapshot, and Changed when the last change of it began.
	State   VMState
	Changed time.Time
	Spot    bool // provisioningModel SPOT
	// Preemptible is the older form of Spot: responses have only the flag.
	Preemptible bool
	// Bare VMs have only the fields that Compute Engine never omits: no labels, network or disks.
	Bare      bool
	CPU       string
	Image     *DiskImage
	Network   *Subnetwork
	PrivateIP netip.Addr
	PublicIP  netip.Addr // invalid if there is none
	Created   time.Time
	Started   time.Time
	Stopped   time.Time      // zero if it never was
	Labels    []cloudsim.Tag // sorted by key
	Versions  cloudsim.Versions
	// Group is the managed instance group that created the VM, "" if there is none.
	Group string
	// LocalSSDs is the number of disks of the host. A stop must state whether to discard their
	// content.
	LocalSSDs int
	// fallsBack is the state in which a failing change ends, "" if it succeeds.
	fallsBack VMState

	// Seq orders the VMs of a zone, oldest first. Page tokens contain it.
	Seq uint64
	// Entropy is a random number from which the handler derives further values.
	Entropy uint64
}

// Label returns the value of a label, "" if there is none.
func (m *VM) Label(key string) string { return cloudsim.FindTag(m.Labels, key) }

// Subnetwork is a subnetwork of a VPC in one region, shared by the VMs in it.
type Subnetwork struct {
	Network string // its name
	Name    string
	Region  string
}

// VMSpec describes VMs to create. The seed determines the empty fields.
type VMSpec struct {
	// Count is the number of VMs. Default: 1.
	Count int
	// Name must be free in the zone. Further VMs of the same spec get a number as a suffix.
	Name   string
	Type   string
	Spot   bool
	Labels map[string]string
	Group  string
	// LocalSSDs is that of VM.
	LocalSSDs int
	// Bare omits every optional field from responses.
	Bare bool
}

// vmAt returns the state of a VM at a time, and false if it no longer exists.
func (p *project) vmAt(m *VM, now time.Time) (VMState, bool) {
	transition := p.cloud.world.Transition()
	passed := now.Sub(m.Changed)
	if m.fallsBack != "" && passed >= transition {
		return m.fallsBack, true
	}
	switch m.State {
	case VMProvisioning, VMStaging:
		switch {
		case passed >= transition:
			return VMRunning, true
		case passed >= transition/2:
			return VMStaging, true
		}
	case VMStopping:
		if passed >= transition {
			return VMTerminated, true
		}
	case VMSuspending:
		if passed >= transition {
			return VMSuspended, true
		}
	case VMDeprovisioning:
		return m.State, passed < transition
	}
	return m.State, true
}
