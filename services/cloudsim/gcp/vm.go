package gcp

import (
	"net/netip"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// VMState is Compute Engine's word for where a VM is in its life.
type VMState string

// The states of a Compute Engine VM. Source: the Compute Engine page "VM instance lifecycle".
const (
	VMProvisioning   VMState = "PROVISIONING"
	VMStaging        VMState = "STAGING"
	VMRunning        VMState = "RUNNING"
	VMStopping       VMState = "STOPPING"
	VMStopped        VMState = "STOPPED" // in the API's list; a VM that was stopped says TERMINATED
	VMSuspending     VMState = "SUSPENDING"
	VMSuspended      VMState = "SUSPENDED"
	VMRepairing      VMState = "REPAIRING"
	VMTerminated     VMState = "TERMINATED" // stopped, not gone
	VMDeprovisioning VMState = "DEPROVISIONING"
)

// VMStates lists all states.
var VMStates = []VMState{
	VMProvisioning, VMStaging, VMRunning, VMStopping, VMStopped, VMSuspending, VMSuspended, VMRepairing, VMTerminated, VMDeprovisioning,
}

// VM is a Compute Engine instance. Values are snapshots; Labels, Image and Network are shared and must not be written to.
type VM struct {
	ID   uint64 // never used again
	Name string // unique in its zone at one time
	Zone string
	Type string // e2-standard-4
	// State is the one at the time of the snapshot, and Changed when the last change of it began.
	State   VMState
	Changed time.Time
	Spot    bool // provisioningModel SPOT
	// Preemptible machines are the older kind of spot machine: only the flag is set.
	Preemptible bool
	// Bare machines have only what Compute Engine never leaves out: no labels, no network, no disks.
	Bare      bool
	CPU       string
	Image     *DiskImage
	Network   *Subnetwork
	PrivateIP netip.Addr
	PublicIP  netip.Addr // invalid: none
	Created   time.Time
	Started   time.Time
	Stopped   time.Time         // zero: never
	Labels    []cloudsim.Tag    // sorted by key
	Versions  cloudsim.Versions // as those of a Machine
	// Group is the managed instance group that made the VM, "" when none did.
	Group string
	// LocalSSDs is how many disks of the host's it has: what is on them is lost on stop, unless that is asked for.
	LocalSSDs int
	// fallsBack is what an intermediate state ends in when the change comes to nothing, "" when it does not.
	fallsBack VMState

	// Seq orders the VMs of a zone, oldest first; it is what page tokens hold on to.
	Seq uint64
	// Entropy is a number of the VM's own, from which handlers derive further ids.
	Entropy uint64
}

// Label returns the value of a label, "" when there is none.
func (m *VM) Label(key string) string { return cloudsim.FindTag(m.Labels, key) }

// Subnetwork is a VPC network's part in one region, shared by the VMs in it.
type Subnetwork struct {
	Network string // its name
	Name    string
	Region  string
}

// VMSpec describes VMs to create. Empty fields are filled in from the seed.
type VMSpec struct {
	// Count is how many. Default 1.
	Count int
	// Name must be free in the zone; further VMs of the same spec get a number behind it.
	Name   string
	Type   string
	Spot   bool
	Labels map[string]string
	Group  string
	// LocalSSDs is that of VM.
	LocalSSDs int
	// Bare leaves every optional field out of the answers.
	Bare bool
}

// vmAt returns what a VM's state is at a time, and whether the VM is still there.
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
