package aws

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// populate generates the content of a new region according to its plan, dated relative to the
// world's epoch. The caller has the only reference to r.
func (r *region) populate(hostile bool) {
	epoch := r.cloud.world.Epoch()
	for range r.plan.Instances {
		r.generate(epoch)
	}
	if hostile {
		for _, spec := range HostileSpecs() {
			r.launch(spec, epoch.Add(-24*time.Hour))
		}
	}
	r.populateDatabases(epoch)
}

// generate adds one instance that was created up to 400 days before the epoch. About one in eleven
// is stopped.
func (r *region) generate(epoch time.Time) {
	m := r.launch(InstanceSpec{}, epoch.Add(-r.age(400*24*time.Hour)))[0]
	if r.rng.IntN(100) < 9 && !m.Spot {
		m.State = Stopped
		m.Changed = m.Launched.Add(epoch.Sub(m.Launched) / 2)
	}
}

// age returns a duration up to limit in whole seconds, the precision of EC2's times.
func (r *region) age(limit time.Duration) time.Duration {
	return time.Duration(1+r.rng.Int64N(int64(limit/time.Second))) * time.Second
}

// launch adds pending instances. The caller holds mu, or has the only reference to r.
func (r *region) launch(spec InstanceSpec, now time.Time) []*Instance {
	now = now.UTC().Truncate(time.Second)
	reservation := cloudsim.Mix(r.entropy, cloudsim.Hash("reservation")+r.next)
	launched := make([]*Instance, 0, max(spec.Count, 1))
	for i := range max(spec.Count, 1) {
		m := r.newInstance(spec, now)
		m.Reservation, m.Index = reservation, i
		r.add(m)
		launched = append(launched, m)
	}
	return launched
}

// newInstance returns an instance. The seed determines what spec leaves empty.
func (r *region) newInstance(spec InstanceSpec, now time.Time) *Instance {
	entropy := cloudsim.Mix(r.entropy, 1000+r.next)
	m := &Instance{
		ID: instanceID(entropy), Region: r.name, State: Pending, Bare: spec.Bare, Spot: spec.Spot, Persistent: spec.Persistent,
		InstanceStore: spec.InstanceStore, StopProtected: spec.StopProtected,
		Created: now, Launched: now, Changed: now, Seq: r.next, Entropy: entropy,
	}
	r.next++
	service := cloudsim.Pick(r.rng, r.plan.Workloads)
	env := r.plan.Env
	if env == "" {
		env = cloudsim.PickEnv(r.rng)
	}
	m.Type = spec.Type
	if m.Type == "" {
		m.Type = cloudsim.Pick(r.rng, service.TypesOr(defaultTypes))
		m.Spot = m.Spot || r.rng.Float64() < service.Spot
	}
	m.Network = r.network(spec.Subnet)
	m.Image = imageFor(spec.Image, m.Type, entropy)
	m.PrivateIP = r.hostAddress(m.Seq)
	if service.Team == "edge" || r.rng.IntN(10) == 0 {
		m.PublicIP = publicAddress(entropy)
	}
	switch {
	case spec.Bare:
	case spec.Tags != nil || spec.Name != "":
		tags := cloudsim.MergeTags(nil, spec.Tags, nil)
		if spec.Name != "" {
			tags = cloudsim.MergeTags(tags, map[string]string{"Name": spec.Name}, nil)
		}
		m.Tags = tags
	default:
		m.Tags = cloudsim.MergeTags(service.Tags(env), map[string]string{
			"Name": service.Name + "-" + env + "-" + strconv.FormatUint(m.Seq, 10),
		}, nil)
	}
	if spec.Group != "" {
		m.Tags = cloudsim.MergeTags(m.Tags, map[string]string{"aws:autoscaling:groupName": spec.Group}, nil)
	}
	return m
}

// network returns the subnet with an id, or the next one in turn.
func (r *region) network(subnet string) *Network {
	for _, n := range r.networks {
		if n.Subnet == subnet {
			return n
		}
	}
	return r.networks[r.next%uint64(len(r.networks))]
}

// imageFor returns the image with an id, or one for the instance type if id is empty.
func imageFor(id, instanceType string, entropy uint64) *Image {
	images := []*Image{linuxX86, linuxARM, ubuntu, redhat, windows}
	for _, image := range images {
		if image.ID == id {
			return image
		}
	}
	if id != "" {
		custom := *linuxX86
		custom.ID = id
		return &custom
	}
	if isARM(instanceType) {
		return linuxARM
	}
	switch entropy % 20 {
	case 0:
		return windows
	case 1, 2:
		return redhat
	case 3, 4, 5, 6, 7, 8:
		return ubuntu
	default:
		return linuxX86
	}
}

// isARM reports whether an instance type has Graviton processors: a g follows the generation in the
// family's name.
func isARM(instanceType string) bool {
	family, _, _ := strings.Cut(instanceType, ".")
	return len(family) > 2 && strings.Contains(family[2:], "g")
}

// HostileSpecs returns instances whose content breaks careless readers: quotes, markup, newlines,
// emoji and the longest keys (128) and values (256 characters) that EC2 accepts in tags, and one
// without any optional element.
func HostileSpecs() []InstanceSpec {
	return []InstanceSpec{
		{Name: `"quoted" 'single' & <tag/> ]]> \ back\\slash`, Tags: map[string]string{`k"ey<&>'`: `v"alue<&>'`}},
		{Name: "line\none\r\ntwo\tthree", Tags: map[string]string{"multi\nline": "\n\n", "blank": "", "spaces": "  two  "}},
		{Name: "emoji 🦊🚀 日本語 עברית", Tags: map[string]string{"🏷️": "👩‍👩‍👧‍👦", "null": "null", "sql": "'; DROP TABLE instances; --"}},
		{Name: strings.Repeat("x", 256), Tags: map[string]string{strings.Repeat("k", 128): strings.Repeat("é", 256)}},
		{Name: "fifty-tags", Tags: manyTags(49)},
		{Bare: true},
	}
}

// manyTags returns n tags. EC2 allows 50 for each resource.
func manyTags(n int) map[string]string {
	tags := make(map[string]string, n)
	for i := range n {
		tags[fmt.Sprintf("key-%02d", i)] = fmt.Sprintf("value %d = \"%d\"", i, i)
	}
	return tags
}
