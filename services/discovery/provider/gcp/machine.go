package gcp

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// computeURL begins the address of every resource of Compute Engine.
const computeURL = "https://www.googleapis.com/compute/v1/"

// machine is a VM as the roll has it. All but its id may be missing.
func machine(i *computepb.Instance, project, zone string) provider.Instance {
	id := strconv.FormatUint(i.GetId(), 10)
	name := i.GetName()
	if name == "" {
		name = id
	}
	uri := i.GetSelfLink()
	if uri == "" {
		uri = computeURL + "projects/" + project + "/zones/" + zone + "/instances/" + name
	}
	private, public := addresses(i)
	return provider.Instance{
		ProviderID:    id,
		ProviderURI:   uri,
		DisplayName:   name,
		Region:        regionOf(zone),
		Zone:          zone,
		State:         machineState(i.GetStatus()),
		ProviderState: i.GetStatus(),
		MachineType:   lastPart(i.GetMachineType()),
		PrivateIPs:    private,
		PublicIPs:     public,
		Labels:        i.GetLabels(),
		CreateTime:    timeOf(i.GetCreationTimestamp()),
		Machine:       machineDetails(i),
	}
}

func machineDetails(i *computepb.Instance) *provider.MachineDetails {
	details := &provider.MachineDetails{
		Spot:             isSpot(i.GetScheduling()),
		Hostname:         i.GetHostname(),
		AutoscalingGroup: groupOf(i.GetMetadata()),
		StartTime:        timeOf(i.GetLastStartTimestamp()),
		LocalDisks:       localDisks(i.GetDisks()),
	}
	if nics := i.GetNetworkInterfaces(); len(nics) > 0 {
		details.Network = relative(nics[0].GetNetwork())
		details.Subnet = relative(nics[0].GetSubnetwork())
	}
	if disk := bootDisk(i.GetDisks()); disk != nil {
		details.Architecture = strings.ToLower(disk.GetArchitecture())
		details.Image, details.Platform = imageOf(disk)
	}
	return details
}

// isSpot tells capacity that Google may take back: spot, and its older form,
// preemptible.
func isSpot(s *computepb.Scheduling) bool {
	return s.GetPreemptible() || s.GetProvisioningModel() == "SPOT"
}

// localDisks counts disks of the host's, which are lost on stop.
func localDisks(disks []*computepb.AttachedDisk) int {
	count := 0
	for _, disk := range disks {
		if disk.GetType() == "SCRATCH" {
			count++
		}
	}
	return count
}

func bootDisk(disks []*computepb.AttachedDisk) *computepb.AttachedDisk {
	for _, disk := range disks {
		if disk.GetBoot() {
			return disk
		}
	}
	return nil
}

// imageOf is what a boot disk was made from, and the platform. Compute Engine says
// the image of a disk only when the disk itself is asked; with the VM come the
// licences of the image, which name the system.
func imageOf(disk *computepb.AttachedDisk) (image, platform string) {
	image = relative(disk.GetInitializeParams().GetSourceImage())
	for _, license := range disk.GetLicenses() {
		if image == "" {
			image = relative(license)
		}
		if strings.Contains(license, "windows") {
			return image, "Windows"
		}
		platform = "Linux"
	}
	return image, platform
}

// groupOf is the managed instance group that made a VM, "" when none did.
func groupOf(metadata *computepb.Metadata) string {
	for _, item := range metadata.GetItems() {
		if item.GetKey() == "created-by" {
			return partAfter(item.GetValue(), "instanceGroupManagers")
		}
	}
	return ""
}

// addresses are all addresses of a VM, its first ones first.
func addresses(i *computepb.Instance) (private, public []string) {
	for _, nic := range i.GetNetworkInterfaces() {
		private = addAddress(private, nic.GetNetworkIP())
		for _, access := range slices.Concat(nic.GetAccessConfigs(), nic.GetIpv6AccessConfigs()) {
			public = addAddress(public, access.GetNatIP())
			public = addAddress(public, access.GetExternalIpv6())
		}
		if nic.GetIpv6AccessType() != "EXTERNAL" {
			private = addAddress(private, nic.GetIpv6Address())
		}
	}
	return private, public
}

func addAddress(to []string, address string) []string {
	if address == "" || slices.Contains(to, address) {
		return to
	}
	return append(to, address)
}

// relative is the resource that an address names, without the service's host and
// version: projects/my-project/global/networks/default.
func relative(address string) string {
	if start := strings.Index(address, "projects/"); start >= 0 {
		return address[start:]
	}
	return address
}

// timeOf reads a time as Google writes it; the zero time when there is none.
func timeOf(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
