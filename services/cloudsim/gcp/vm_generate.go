package gcp

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// populate generates the content of a project according to its plan. The content is dated relative
// to the world's epoch.
func (p *project) populate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	epoch := p.cloud.world.Epoch()
	for i, name := range p.plan.Regions {
		region, _ := lookupRegion(name) // Check has verified every region of the plan
		for j, zone := range region.ZoneNames() {
			for range p.plan.Instances {
				p.generateVM(zone, epoch)
			}
			if p.plan.Hostile && i == 0 && j == 0 {
				for _, spec := range HostileVMSpecs() {
					p.createVMs(zone, spec, epoch.Add(-24*time.Hour))
				}
			}
		}
		for n := range p.plan.Databases {
			p.generateSQL(region, n, epoch)
		}
	}
}

// generateVM adds one VM that was created up to 400 days before the epoch. Some are stopped,
// suspended or being repaired.
func (p *project) generateVM(zone string, epoch time.Time) {
	age := time.Duration(1+p.rng.Int64N(400*24*3600)) * time.Second
	m := p.createVMs(zone, VMSpec{}, epoch.Add(-age))[0]
	dice := p.rng.IntN(100)
	switch {
	case dice < 8 && m.Group == "":
		m.State, m.Changed = VMTerminated, m.Created.Add(age/2)
		m.Stopped = m.Changed
	case dice < 10 && m.Group == "":
		m.State, m.Changed = VMSuspended, m.Created.Add(age/2)
	case dice == 10:
		m.State, m.Changed = VMRepairing, epoch
	}
}

// createVMs adds VMs in the state PROVISIONING. The caller holds mu.
func (p *project) createVMs(zone string, spec VMSpec, now time.Time) []*VM {
	now = now.UTC().Truncate(time.Millisecond)
	created := make([]*VM, 0, max(spec.Count, 1))
	for i := range max(spec.Count, 1) {
		each := spec
		if i > 0 && spec.Name != "" {
			each.Name = spec.Name + "-" + strconv.Itoa(i+1)
		}
		m := p.newVM(zone, each, now)
		p.byZone[zone] = append(p.byZone[zone], m)
		p.names[zone+"/"+m.Name] = m
		p.touch(m)
		created = append(created, m)
	}
	return created
}

// newVM returns a VM. The seed determines what spec leaves empty.
func (p *project) newVM(zone string, spec VMSpec, now time.Time) *VM {
	entropy := cloudsim.Mix(p.entropy, 1000+p.next)
	m := &VM{
		ID: entropy>>1 | 1<<62, Zone: zone, Type: spec.Type, State: VMProvisioning, Changed: now, Created: now, Started: now,
		Spot: spec.Spot, Bare: spec.Bare, Group: spec.Group, LocalSSDs: spec.LocalSSDs, Seq: p.next, Entropy: entropy,
		Network: p.subnets[RegionOfZone(zone)], CPU: cloudsim.Pick(p.rng, cpuPlatforms), PrivateIP: p.vmAddress(p.next),
	}
	p.next++
	service := cloudsim.Pick(p.rng, p.plan.Workloads)
	env := cmp.Or(p.plan.Env, cloudsim.PickEnv(p.rng))
	if m.Type == "" {
		m.Type = cloudsim.Pick(p.rng, service.TypesOr(defaultTypes))
		m.Spot = m.Spot || p.rng.Float64() < service.Spot
		m.Preemptible = m.Spot && entropy%4 == 0
	}
	m.Image = diskImageFor(m.Type, entropy)
	if service.Team == "edge" || p.rng.IntN(10) == 0 {
		m.PublicIP = publicAddress(entropy)
	}
	if p.rng.IntN(5) == 0 && spec.Name == "" {
		m.Group = service.Name + "-" + env
	}
	m.Name = cmp.Or(spec.Name, vmName(service.Name, env, m))
	switch {
	case spec.Bare:
	case spec.Labels != nil:
		m.Labels = cloudsim.MergeTags(nil, spec.Labels, nil)
	default:
		m.Labels = service.Tags(env)
	}
	return m
}

// vmName returns a name as people choose them, or as managed instance groups do: the group's name
// with a random suffix.
func vmName(service, env string, m *VM) string {
	if m.Group != "" {
		suffix := strconv.FormatUint(cloudsim.Mix(m.Entropy, 20), 36)
		return m.Group + "-" + suffix[:4] + strconv.FormatUint(m.Seq, 36)
	}
	return service + "-" + env + "-" + strconv.FormatUint(m.Seq, 10)
}

// vmAddress returns the private address of the n-th VM.
func (p *project) vmAddress(n uint64) netip.Addr {
	const reserved = 8
	a := uint32(n) + reserved
	return netip.AddrFrom4([4]byte{10, 128 + byte(a>>16)&127, byte(a >> 8), byte(a)})
}

// publicAddress returns an address from Google Cloud's ranges.
func publicAddress(entropy uint64) netip.Addr {
	first := [...]byte{34, 35, 104, 130}
	e := cloudsim.Mix(entropy, 7)
	return netip.AddrFrom4([4]byte{first[e%4], byte(e >> 8), byte(e >> 16), byte(e>>24)%253 + 1})
}

// diskImageFor returns an image for the machine type.
func diskImageFor(machineType string, entropy uint64) *DiskImage {
	if strings.HasPrefix(machineType, "t2a-") {
		return debianARM
	}
	switch entropy % 20 {
	case 0:
		return windows2022
	case 1, 2, 3, 4:
		return containerOS
	default:
		return debian
	}
}

// HostileVMSpecs returns VMs whose content breaks careless readers: the longest names and labels
// that Compute Engine accepts, labels beyond ASCII, the maximum number of labels, and one without
// any optional field.
func HostileVMSpecs() []VMSpec {
	many := make(map[string]string, 64)
	for i := range 64 {
		many[fmt.Sprintf("key-%02d", i)] = fmt.Sprintf("value-%d", i)
	}
	return []VMSpec{
		{Name: "a" + strings.Repeat("x", 61) + "z", Labels: map[string]string{strings.Repeat("k", 63): strings.Repeat("é", 63)}},
		{Name: "hostile-letters", Labels: map[string]string{"日本語": "עברית", "blank": "", "null": "null", "goog-x_y": "0"}},
		{Name: "hostile-many", Labels: many},
		{Name: "hostile-bare", Bare: true},
	}
}
