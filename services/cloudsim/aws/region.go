package aws

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// region is a region of an account.
type region struct {
	cloud   *Cloud
	plan    AccountPlan
	name    string
	entropy uint64

	mu        sync.RWMutex
	rng       *rand.Rand
	networks  []*Network
	hostBase  uint32 // the first address of the VPC, as a number
	next      uint64 // Seq of the next instance
	instances []*Instance
	byID      map[string]*Instance
	ended     int // terminations since the last purge

	databases []*Database // sorted by ID
	clusters  []*Cluster  // sorted by ID

	nextDatabase uint64 // the number of databases ever created
}

// newRegion returns an empty region: a VPC with a subnet in each of three zones.
func newRegion(c *Cloud, plan AccountPlan, name string) *region {
	entropy := cloudsim.Mix(c.world.Seed(), cloudsim.Hash(plan.ID, name))
	r := &region{
		cloud: c, plan: plan, name: name, entropy: entropy,
		rng:  rand.New(rand.NewPCG(entropy, 1)),
		next: 1, byID: make(map[string]*Instance),
	}
	r.hostBase = 10<<24 | uint32(entropy%200)<<16
	for i, zone := range []string{"a", "b", "c"} {
		r.networks = append(r.networks, &Network{
			Zone:          name + zone,
			ZoneID:        fmt.Sprintf("%s-az%d", shortRegion(name), 1+(i+int(entropy%3))%3),
			VPC:           fmt.Sprintf("vpc-0%016x", cloudsim.Mix(entropy, 2)),
			Subnet:        fmt.Sprintf("subnet-0%016x", cloudsim.Mix(entropy, 10+uint64(i))),
			SecurityGroup: fmt.Sprintf("sg-0%016x", cloudsim.Mix(entropy, 3)),
		})
	}
	return r
}

// shortRegion abbreviates a region's name like zone ids: eu-west-1 becomes euw1.
func shortRegion(name string) string {
	short := name[:2]
	for i := 2; i < len(name); i++ {
		if name[i-1] == '-' {
			short += name[i : i+1]
		}
	}
	return short
}

// at returns the state of an instance at a time, and false if it is no longer visible.
func (r *region) at(m *Instance, now time.Time) (State, bool) {
	state := m.State
	if final := state.settled(); final != state && !now.Before(m.Changed.Add(r.cloud.world.Transition())) {
		state = final
		switch { // a failed change ends in the state before it
		case m.Failure != "" && final == Running:
			state = Stopped
		case m.Failure != "" && final == Stopped:
			state = Running
		}
	}
	gone := state == Terminated && !now.Before(m.Changed.Add(r.cloud.world.Transition()+r.cloud.cfg.TerminatedFor))
	return state, !gone
}

// add adds an instance. The caller holds mu, or has the only reference to r.
func (r *region) add(m *Instance) {
	r.instances = append(r.instances, m)
	r.byID[m.ID] = m
	r.touch(m)
}

// remove removes an instance. The caller holds mu.
func (r *region) remove(m *Instance) {
	if i, ok := slices.BinarySearchFunc(r.instances, m.Seq, func(m *Instance, seq uint64) int {
		return cmp.Compare(m.Seq, seq)
	}); ok {
		r.instances = slices.Delete(r.instances, i, i+1)
	}
	delete(r.byID, m.ID)
}

// purge removes instances that are no longer visible. The caller holds mu.
func (r *region) purge(now time.Time) {
	r.instances = slices.DeleteFunc(r.instances, func(m *Instance) bool {
		_, visible := r.at(m, now)
		if !visible {
			delete(r.byID, m.ID)
		}
		return !visible
	})
	r.ended = 0
}

// visible returns the stored instance with an id and its present state, and false if it is not
// visible. The caller holds mu.
func (r *region) visible(id string, now time.Time) (*Instance, State, bool) {
	m, ok := r.byID[id]
	if !ok {
		return nil, 0, false
	}
	state, ok := r.at(m, now)
	return m, state, ok
}

// hostAddress returns the private address of the n-th instance.
func (r *region) hostAddress(n uint64) netip.Addr {
	const reserved = 16 // EC2 reserves a subnet's first addresses
	a := r.hostBase&0xff000000 | (r.hostBase+uint32(n)+reserved)&0x00ffffff
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}

// publicAddress returns an address from EC2's ranges.
func publicAddress(entropy uint64) netip.Addr {
	first := [...]byte{3, 13, 18, 34, 44, 52, 54}
	e := cloudsim.Mix(entropy, 7)
	return netip.AddrFrom4([4]byte{first[e%7], byte(e >> 8), byte(e >> 16), byte(e>>24)%253 + 1})
}

// Scan calls visit for the instances of a region with a Seq greater than after, oldest first, until
// visit returns false. The instance is valid only during the call, and visit must not call the
// Cloud. Errors: ErrNoAccount, ErrNoRegion.
func (c *Cloud) Scan(accountID, regionName string, after uint64, visit func(m *Instance) bool) error {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return err
	}
	now := c.world.Now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	i, _ := slices.BinarySearchFunc(r.instances, after+1, func(m *Instance, seq uint64) int { return cmp.Compare(m.Seq, seq) })
	var view Instance
	for _, m := range r.instances[i:] {
		state, visible := r.at(m, now)
		if !visible {
			continue
		}
		view = *m
		view.State = state
		if !visit(&view) {
			break
		}
	}
	return nil
}

// Instance returns one instance. Errors: ErrNoAccount, ErrNoRegion, ErrNotFound.
func (c *Cloud) Instance(accountID, regionName, id string) (Instance, error) {
	r, err := c.region(accountID, regionName)
	if err != nil {
		return Instance{}, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	m, state, ok := r.visible(id, c.world.Now())
	if !ok {
		return Instance{}, &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: id}
	}
	view := *m
	view.State = state
	return view, nil
}

// touch counts a change of an instance. The caller holds mu, or has the only reference to r.
func (r *region) touch(m *Instance) { r.cloud.world.CountVersion(&m.Tags, &m.Versions) }

// touchDatabase counts a change of a database. The caller holds mu, or has the only reference to r.
func (r *region) touchDatabase(d *Database) { r.cloud.world.CountVersion(&d.Tags, &d.Versions) }
