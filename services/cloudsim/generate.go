package cloudsim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// populate fills a new region as its plan says. The caller is alone.
func (r *region) populate(hostile bool) {
	now := r.world.Now()
	for range r.plan.Instances {
		r.generate(now)
	}
	if hostile {
		for _, spec := range HostileSpecs() {
			r.launch(spec, now.Add(-24*time.Hour))
		}
	}
	r.populateDatabases(now)
}

// generate adds one machine that has been there for a while, as churn and time would have left it.
func (r *region) generate(now time.Time) {
	m := r.launch(Spec{}, now.Add(-r.age(400*24*time.Hour)))[0]
	if r.rng.IntN(100) < 9 && !m.Spot {
		m.State = Stopped
		m.Changed = m.Launched.Add(now.Sub(m.Launched) / 2)
	}
}

// age returns a time span up to limit, in whole seconds since that is what clouds report.
func (r *region) age(limit time.Duration) time.Duration {
	return time.Duration(1+r.rng.Int64N(int64(limit/time.Second))) * time.Second
}

// launch adds pending machines. The caller holds mu, or is alone.
func (r *region) launch(spec Spec, now time.Time) []*Machine {
	now = now.UTC().Truncate(time.Second)
	reservation := Mix(r.entropy, hash("reservation")+r.next)
	launched := make([]*Machine, 0, max(spec.Count, 1))
	for i := range max(spec.Count, 1) {
		m := r.newMachine(spec, now)
		m.Reservation, m.Index = reservation, i
		r.add(m)
		launched = append(launched, m)
	}
	return launched
}

// newMachine makes one machine, taking from the seed what spec leaves open.
func (r *region) newMachine(spec Spec, now time.Time) *Machine {
	entropy := Mix(r.entropy, 1000+r.next)
	m := &Machine{
		ID: machineID(entropy), Region: r.name, State: Pending, Bare: spec.Bare, Spot: spec.Spot, Persistent: spec.Persistent,
		InstanceStore: spec.InstanceStore, StopProtected: spec.StopProtected,
		Launched: now, Changed: now, Seq: r.next, Entropy: entropy,
	}
	r.next++
	service := pick(r.rng, r.plan.Services)
	env := r.plan.Env
	if env == "" {
		env = pick(r.rng, defaultEnvs)
	}
	m.Type = spec.Type
	if m.Type == "" {
		m.Type = pick(r.rng, orDefault(service.Types, defaultTypes))
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
		tags := mergeTags(nil, spec.Tags, nil)
		if spec.Name != "" {
			tags = mergeTags(tags, map[string]string{"Name": spec.Name}, nil)
		}
		m.Tags = tags
	default:
		m.Tags = serviceTags(service, env, m.Seq)
	}
	if spec.Group != "" {
		m.Tags = mergeTags(m.Tags, map[string]string{"aws:autoscaling:groupName": spec.Group}, nil)
	}
	return m
}

// serviceTags are the labels of a machine that belongs to a service. Sorted.
func serviceTags(service ServicePlan, env string, n uint64) []Tag {
	return []Tag{
		{"Name", service.Name + "-" + env + "-" + strconv.FormatUint(n, 10)},
		{"env", env}, {"service", service.Name}, {"team", service.Team},
	}
}

func orDefault[T any](list, fallback []T) []T {
	if len(list) == 0 {
		return fallback
	}
	return list
}

// network finds a subnet, or takes one by turns.
func (r *region) network(subnet string) *Network {
	for _, n := range r.networks {
		if n.Subnet == subnet {
			return n
		}
	}
	return r.networks[r.next%uint64(len(r.networks))]
}

// imageFor returns the image with an id, or one that fits the machine type.
func imageFor(id, machineType string, entropy uint64) *Image {
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
	if isARM(machineType) {
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

// isARM tells whether a machine type has Graviton processors: the family's generation is followed by a g.
func isARM(machineType string) bool {
	family, _, _ := strings.Cut(machineType, ".")
	return len(family) > 2 && strings.Contains(family[2:], "g")
}

// HostileSpecs are machines whose content breaks careless readers: quotes, markup, newlines, emoji and the longest
// values that EC2 takes (keys of 128 and values of 256 characters) in tags, and one with every optional element missing.
func HostileSpecs() []Spec {
	return []Spec{
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
