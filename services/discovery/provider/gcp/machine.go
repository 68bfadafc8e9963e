package gcp

import (
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// computeURL is the start of the URL of every resource of Compute Engine.
const computeURL = "https://www.googleapis.com/compute/v1/"

// machine converts a VM. Every field except the id may be missing.
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
	private, public := machineAddresses(i)
	return provider.Instance{
		ProviderID:    id,
		ProviderURI:   uri,
		DisplayName:   name,
		Region:        regionOf(zone),
		Zone:          zone,
		State:         machineState(i.GetStatus()),
		ProviderState: i.GetStatus(),
		MachineType:   lastSegment(i.GetMachineType()),
		PrivateIPs:    private,
		PublicIPs:     public,
		Labels:        i.GetLabels(),
		CreateTime:    parseTime(i.GetCreationTimestamp()),
		Machine:       machineDetails(i),
	}
}

func machineDetails(i *computepb.Instance) *provider.MachineDetails {
	details := &provider.MachineDetails{
		Spot:             isSpot(i.GetScheduling()),
		Hostname:         i.GetHostname(),
		AutoscalingGroup: instanceGroup(i.GetMetadata()),
		StartTime:        parseTime(i.GetLastStartTimestamp()),
		LocalDisks:       countLocalDisks(i.GetDisks()),
	}
	if nics := i.GetNetworkInterfaces(); len(nics) > 0 {
		details.Network = relativeName(nics[0].GetNetwork())
		details.Subnet = relativeName(nics[0].GetSubnetwork())
	}
	for _, disk := range i.GetDisks() {
		if disk.GetBoot() {
			details.Architecture = strings.ToLower(disk.GetArchitecture())
			details.Image, details.Platform = imageOf(disk)
			break
		}
	}
	return details
}

// isSpot reports whether Google may take the capacity back: it is spot, or preemptible as the older
// form is called.
func isSpot(s *computepb.Scheduling) bool {
	return s.GetPreemptible() || s.GetProvisioningModel() == "SPOT"
}

// countLocalDisks counts the disks of the host, whose content is lost on a stop.
func countLocalDisks(disks []*computepb.AttachedDisk) int {
	count := 0
	for _, disk := range disks {
		if disk.GetType() == "SCRATCH" {
			count++
		}
	}
	return count
}

// imageOf returns the image of a boot disk and the platform. Compute Engine returns the image only
// with the disk itself; a VM has the licenses of the image, which name the operating system.
func imageOf(disk *computepb.AttachedDisk) (image, platform string) {
	image = relativeName(disk.GetInitializeParams().GetSourceImage())
	for _, license := range disk.GetLicenses() {
		if image == "" {
			image = relativeName(license)
		}
		if strings.Contains(license, "windows") {
			return image, "Windows"
		}
		platform = "Linux"
	}
	return image, platform
}

// instanceGroup returns the managed instance group that created a VM, or "" if none did.
func instanceGroup(metadata *computepb.Metadata) string {
	for _, item := range metadata.GetItems() {
		if item.GetKey() == "created-by" {
			return segmentAfter(item.GetValue(), "instanceGroupManagers")
		}
	}
	return ""
}

// machineAddresses returns all addresses of a VM, in the order of its network interfaces.
func machineAddresses(i *computepb.Instance) (private, public []string) {
	for _, nic := range i.GetNetworkInterfaces() {
		private = addUnique(private, nic.GetNetworkIP())
		for _, access := range slices.Concat(nic.GetAccessConfigs(), nic.GetIpv6AccessConfigs()) {
			public = addUnique(public, access.GetNatIP())
			public = addUnique(public, access.GetExternalIpv6())
		}
		if nic.GetIpv6AccessType() != "EXTERNAL" {
			private = addUnique(private, nic.GetIpv6Address())
		}
	}
	return private, public
}
