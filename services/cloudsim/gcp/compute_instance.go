package gcp

import (
	"net/netip"
	"strconv"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// The numbers that VM.Entropy is mixed with to derive values of related resources.
const (
	mixFingerprint = iota + 1
	mixDisk
	mixNetwork
)

// hasPublicIP reports whether a VM has its external address now. Compute Engine releases an
// ephemeral address on stop.
func hasPublicIP(m *VM) bool {
	return m.PublicIP.IsValid() && m.State != VMTerminated && m.State != VMStopped
}

// instance writes a VM with the fields of Compute Engine's responses.
func (d *document) instance(m *VM, project ProjectInfo) {
	d.object("")
	d.word("kind", "compute#instance")
	d.id("id", m.ID)
	d.time("creationTimestamp", m.Created)
	d.word("name", m.Name)
	d.word("status", string(m.State))
	d.link("zone", project.ID, "/zones/", m.Zone)
	d.link("machineType", project.ID, "/zones/", m.Zone, "/machineTypes/", m.Type)
	d.link("selfLink", project.ID, "/zones/", m.Zone, "/instances/", m.Name)
	if m.Bare {
		d.endObject()
		return
	}
	d.object("tags")
	d.fingerprint(m, mixFingerprint)
	d.endObject()
	d.word("cpuPlatform", m.CPU)
	d.networkInterface(m, project.ID)
	d.disk(m, project.ID)
	d.metadata(m, project)
	d.array("serviceAccounts")
	d.object("")
	d.word("email", strconv.FormatUint(project.Number, 10), "-compute@developer.gserviceaccount.com")
	d.raw(`,"scopes":["https://www.googleapis.com/auth/cloud-platform"]}`)
	d.endArray()
	d.scheduling(m)
	d.labels(m.Labels)
	d.fingerprintNamed("labelFingerprint", m, mixFingerprint)
	d.time("lastStartTimestamp", m.Started)
	d.time("lastStopTimestamp", m.Stopped)
	if m.State == VMSuspended {
		d.time("lastSuspendedTimestamp", m.Changed)
	}
	d.raw(instanceOptions)
	d.fingerprint(m, mixFingerprint)
	d.endObject()
}

// instanceOptions are fields with the same value for every VM.
const instanceOptions = `,"canIpForward":false,"startRestricted":false,"deletionProtection":false,` +
	`"reservationAffinity":{"consumeReservationType":"ANY_RESERVATION"},"displayDevice":{"enableDisplay":false},` +
	`"shieldedInstanceConfig":{"enableSecureBoot":false,"enableVtpm":true,"enableIntegrityMonitoring":true},` +
	`"shieldedInstanceIntegrityPolicy":{"updateAutoLearnPolicy":true},"confidentialInstanceConfig":{"enableConfidentialCompute":false},` +
	`"satisfiesPzi":true`

// link writes a field with the URL of a project's resource.
func (d *document) link(name, project string, path ...string) {
	d.key(name)
	d.b = append(d.b, '"')
	d.raw(computeURL)
	d.raw("projects/")
	d.raw(project)
	for _, part := range path {
		d.raw(part)
	}
	d.b = append(d.b, '"')
}

func (d *document) fingerprint(m *VM, mix uint64) { d.fingerprintNamed("fingerprint", m, mix) }

// fingerprintNamed writes a fingerprint of eleven characters, like base64 of eight bytes.
func (d *document) fingerprintNamed(name string, m *VM, mix uint64) {
	const digits = "0123456789abcdef"
	d.key(name)
	d.b = append(d.b, '"')
	n := cloudsim.Mix(m.Entropy, mix)
	for shift := 60; shift >= 20; shift -= 4 {
		d.b = append(d.b, digits[n>>shift&15])
	}
	d.raw(`="`)
}

func (d *document) address(name string, a netip.Addr) {
	d.key(name)
	d.b = append(d.b, '"')
	d.b = a.AppendTo(d.b)
	d.b = append(d.b, '"')
}

func (d *document) networkInterface(m *VM, project string) {
	d.array("networkInterfaces")
	d.object("")
	d.word("kind", "compute#networkInterface")
	d.link("network", project, "/global/networks/", m.Network.Network)
	d.link("subnetwork", project, "/regions/", m.Network.Region, "/subnetworks/", m.Network.Name)
	d.address("networkIP", m.PrivateIP)
	d.word("name", "nic0")
	d.array("accessConfigs")
	if m.PublicIP.IsValid() {
		d.object("")
		d.word("kind", "compute#accessConfig")
		d.word("type", "ONE_TO_ONE_NAT")
		d.word("name", "External NAT")
		if hasPublicIP(m) {
			d.address("natIP", m.PublicIP)
		}
		d.word("networkTier", "PREMIUM")
		d.endObject()
	}
	d.endArray()
	d.fingerprint(m, mixNetwork)
	d.word("stackType", "IPV4_ONLY")
	d.endObject()
	d.endArray()
}

// disk writes the boot disk and the local SSDs. Only the licences reveal the disk's image, as in
// Compute Engine's responses.
func (d *document) disk(m *VM, project string) {
	d.array("disks")
	d.object("")
	d.raw(`"kind":"compute#attachedDisk","type":"PERSISTENT","mode":"READ_WRITE"`)
	d.link("source", project, "/zones/", m.Zone, "/disks/", m.Name)
	d.raw(`,"deviceName":"persistent-disk-0","index":0,"boot":true,"autoDelete":true`)
	d.array("licenses")
	d.link1(m.Image.Project, "/global/licenses/", m.Image.License)
	d.endArray()
	d.raw(`,"interface":"SCSI","guestOsFeatures":[{"type":"UEFI_COMPATIBLE"},{"type":"VIRTIO_SCSI_MULTIQUEUE"},{"type":"GVNIC"}]`)
	d.id("diskSizeGb", 10+10*(cloudsim.Mix(m.Entropy, mixDisk)%20))
	d.word("architecture", m.Image.Arch)
	d.endObject()
	for i := range m.LocalSSDs {
		d.object("")
		d.raw(`"kind":"compute#attachedDisk","type":"SCRATCH","mode":"READ_WRITE","boot":false,"autoDelete":true,"interface":"NVME"`)
		d.number("index", i+1)
		d.word("deviceName", "local-ssd-", strconv.Itoa(i))
		d.id("diskSizeGb", 375)
		d.endObject()
	}
	d.endArray()
}

// link1 writes a URL as an element of an array.
func (d *document) link1(project string, path ...string) {
	d.next()
	d.b = append(d.b, '"')
	d.raw(computeURL)
	d.raw("projects/")
	d.raw(project)
	for _, part := range path {
		d.raw(part)
	}
	d.b = append(d.b, '"')
}

// metadata writes a VM's metadata, with the managed instance group that created it.
func (d *document) metadata(m *VM, project ProjectInfo) {
	d.object("metadata")
	d.word("kind", "compute#metadata")
	d.fingerprint(m, mixFingerprint)
	if m.Group != "" {
		number := strconv.FormatUint(project.Number, 10)
		d.array("items")
		d.raw(`{"key":"instance-template","value":"projects/` + number + `/global/instanceTemplates/` + m.Group + `"},` +
			`{"key":"created-by","value":"projects/` + number + `/zones/` + m.Zone + `/instanceGroupManagers/` + m.Group + `"}`)
		d.endArray()
	}
	d.endObject()
}

func (d *document) scheduling(m *VM) {
	d.object("scheduling")
	short := m.Spot || m.Preemptible
	if short {
		d.raw(`"onHostMaintenance":"TERMINATE","automaticRestart":false`)
	} else {
		d.raw(`"onHostMaintenance":"MIGRATE","automaticRestart":true`)
	}
	d.boolean("preemptible", short)
	if m.Spot && !m.Preemptible {
		d.raw(`,"provisioningModel":"SPOT","instanceTerminationAction":"STOP"`)
	} else if !short {
		d.word("provisioningModel", "STANDARD")
	}
	d.endObject()
}

func (d *document) labels(labels []cloudsim.Tag) {
	if len(labels) == 0 {
		return
	}
	d.object("labels")
	for _, label := range labels {
		d.next()
		d.quote(label.Key)
		d.raw(":")
		d.quote(label.Value)
	}
	d.endObject()
}
