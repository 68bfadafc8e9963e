package gcp

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// computeURL begins the address of every resource of Compute Engine.
const computeURL = "https://www.googleapis.com/compute/v1/"

// machine is a VM as the roll has it. All but its id may be missing.
func machine(i *compute.Instance, project, zone string) provider.Instance {
	id := strconv.FormatUint(i.Id, 10)
	name := i.Name
	if name == "" {
		name = id
	}
	uri := i.SelfLink
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
		State:         machineState(i.Status),
		ProviderState: i.Status,
		MachineType:   lastPart(i.MachineType),
		PrivateIPs:    private,
		PublicIPs:     public,
		Labels:        i.Labels,
		CreateTime:    timeOf(i.CreationTimestamp),
		Machine:       machineDetails(i),
	}
}

func machineDetails(i *compute.Instance) *provider.MachineDetails {
	details := &provider.MachineDetails{
		Spot:             isSpot(i.Scheduling),
		Hostname:         i.Hostname,
		AutoscalingGroup: groupOf(i.Metadata),
		StartTime:        timeOf(i.LastStartTimestamp),
		LocalDisks:       localDisks(i.Disks),
	}
	if len(i.NetworkInterfaces) > 0 && i.NetworkInterfaces[0] != nil {
		details.Network = relative(i.NetworkInterfaces[0].Network)
		details.Subnet = relative(i.NetworkInterfaces[0].Subnetwork)
	}
	if disk := bootDisk(i.Disks); disk != nil {
		details.Architecture = strings.ToLower(disk.Architecture)
		details.Image, details.Platform = imageOf(disk)
	}
	return details
}

// isSpot tells capacity that Google may take back: spot, and its older form,
// preemptible.
func isSpot(s *compute.Scheduling) bool {
	return s != nil && (s.Preemptible || s.ProvisioningModel == "SPOT")
}

// localDisks counts disks of the host's, which are lost on stop.
func localDisks(disks []*compute.AttachedDisk) int {
	count := 0
	for _, disk := range disks {
		if disk != nil && disk.Type == "SCRATCH" {
			count++
		}
	}
	return count
}

func bootDisk(disks []*compute.AttachedDisk) *compute.AttachedDisk {
	for _, disk := range disks {
		if disk != nil && disk.Boot {
			return disk
		}
	}
	return nil
}

// imageOf is what a boot disk was made from, and the platform. Compute Engine says
// the image of a disk only when the disk itself is asked; with the VM come the
// licences of the image, which name the system.
func imageOf(disk *compute.AttachedDisk) (image, platform string) {
	if disk.InitializeParams != nil {
		image = relative(disk.InitializeParams.SourceImage)
	}
	for _, license := range disk.Licenses {
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
func groupOf(metadata *compute.Metadata) string {
	if metadata == nil {
		return ""
	}
	for _, item := range metadata.Items {
		if item != nil && item.Key == "created-by" && item.Value != nil {
			return partAfter(*item.Value, "instanceGroupManagers")
		}
	}
	return ""
}

// addresses are all addresses of a VM, its first ones first.
func addresses(i *compute.Instance) (private, public []string) {
	for _, nic := range i.NetworkInterfaces {
		if nic == nil {
			continue
		}
		private = addAddress(private, nic.NetworkIP)
		for _, access := range slices.Concat(nic.AccessConfigs, nic.Ipv6AccessConfigs) {
			if access != nil {
				public = addAddress(public, access.NatIP)
				public = addAddress(public, access.ExternalIpv6)
			}
		}
		if nic.Ipv6AccessType != "EXTERNAL" {
			private = addAddress(private, nic.Ipv6Address)
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
