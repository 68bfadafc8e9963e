package aws

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// groupTag is the tag that EC2 Auto Scaling sets on the instances of a group.
const groupTag = "aws:autoscaling:groupName"

// machine converts an EC2 instance. Any of its fields may be missing: terminated instances have few.
func machine(i *types.Instance, region, owner string) provider.Instance {
	id := aws.ToString(i.InstanceId)
	state, stateName := machineState(i.State)
	labels := make(map[string]string, len(i.Tags))
	for _, tag := range i.Tags {
		if tag.Key != nil {
			labels[*tag.Key] = aws.ToString(tag.Value)
		}
	}
	name := labels["Name"]
	if name == "" {
		name = id
	}
	zone := ""
	if i.Placement != nil {
		zone = aws.ToString(i.Placement.AvailabilityZone)
	}
	platform := aws.ToString(i.PlatformDetails)
	if platform == "" {
		platform = string(i.Platform)
	}
	private, public := addresses(i)
	return provider.Instance{
		ProviderID:    id,
		ProviderURI:   fmt.Sprintf("arn:%s:ec2:%s:%s:instance/%s", partitionOfRegion(region), region, owner, id),
		DisplayName:   name,
		Region:        region,
		Zone:          zone,
		State:         state,
		ProviderState: stateName,
		MachineType:   string(i.InstanceType),
		PrivateIPs:    private,
		PublicIPs:     public,
		Labels:        labels,
		CreateTime:    createTime(i),
		Machine: &provider.MachineDetails{
			Image:            aws.ToString(i.ImageId),
			Architecture:     string(i.Architecture),
			Platform:         platform,
			Spot:             i.InstanceLifecycle == types.InstanceLifecycleTypeSpot,
			Network:          aws.ToString(i.VpcId),
			Subnet:           aws.ToString(i.SubnetId),
			Hostname:         aws.ToString(i.PrivateDnsName),
			AutoscalingGroup: labels[groupTag],
			StartTime:        aws.ToTime(i.LaunchTime),
			InstanceStore:    i.RootDeviceType == types.DeviceTypeInstanceStore,
			SpotRequest:      aws.ToString(i.SpotInstanceRequestId),
			StateReason:      stateReason(i.StateReason),
		},
	}
}

// stateReason returns the reason for the state of an instance: `Client.InternalError: Client error on
// launch`.
func stateReason(r *types.StateReason) string {
	if r == nil {
		return ""
	}
	code, message := aws.ToString(r.Code), aws.ToString(r.Message)
	if strings.HasPrefix(message, code) {
		return message // EC2 repeats the code in the message.
	}
	return code + ": " + message
}

// createTime returns when an instance was first launched. EC2 does not report that, and LaunchTime
// changes with every start. But the primary network interface is attached at the first launch only.
// Without one, createTime returns the last start.
func createTime(i *types.Instance) time.Time {
	created := aws.ToTime(i.LaunchTime)
	for n := range i.NetworkInterfaces {
		attachment := i.NetworkInterfaces[n].Attachment
		if attachment == nil || attachment.DeviceIndex == nil || *attachment.DeviceIndex != 0 || attachment.AttachTime == nil {
			continue
		}
		if created.IsZero() || attachment.AttachTime.Before(created) {
			created = *attachment.AttachTime
		}
	}
	return created
}

// addresses returns all addresses of an instance, the primary ones first. Every IPv6 address counts as
// private, although a gateway may route traffic from the internet to it.
func addresses(i *types.Instance) (private, public []string) {
	private = addAddress(private, i.PrivateIpAddress)
	public = addAddress(public, i.PublicIpAddress)
	for n := range i.NetworkInterfaces {
		nic := &i.NetworkInterfaces[n]
		private = addAddress(private, nic.PrivateIpAddress)
		public = addAssociation(public, nic.Association)
		for _, address := range nic.PrivateIpAddresses {
			private = addAddress(private, address.PrivateIpAddress)
			public = addAssociation(public, address.Association)
		}
	}
	private = addAddress(private, i.Ipv6Address)
	for n := range i.NetworkInterfaces {
		for _, address := range i.NetworkInterfaces[n].Ipv6Addresses {
			private = addAddress(private, address.Ipv6Address)
		}
	}
	return private, public
}

func addAssociation(to []string, association *types.InstanceNetworkInterfaceAssociation) []string {
	if association == nil {
		return to
	}
	return addAddress(to, association.PublicIp)
}

func addAddress(to []string, address *string) []string {
	if aws.ToString(address) == "" || slices.Contains(to, *address) {
		return to
	}
	return append(to, *address)
}
