package aws

import (
	"net/netip"
	"strconv"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// The numbers that Instance.Entropy is mixed with to derive ids of related resources.
const (
	mixInterface = iota + 1
	mixAttachment
	mixVolume
	mixMAC
	mixSpotRequest
)

// reservationID returns the id of the launch that created an instance.
func reservationID(m *Instance) string {
	d := document{b: make([]byte, 0, 19)}
	d.raw("r-0")
	d.hex(m.Reservation)
	return string(d.b)
}

// hasPublicIP reports whether an instance has its public address now. EC2 releases it when the
// instance stops.
func hasPublicIP(m *Instance) bool {
	return m.PublicIP.IsValid() && m.State != Stopped && m.State != Terminated
}

// instance writes an instance with the elements and in the order of EC2's responses.
func (d *document) instance(m *Instance, account string) {
	d.open("item")
	d.word("instanceId", m.ID)
	if m.Bare {
		d.instanceState("instanceState", m.State)
		d.close("item")
		return
	}
	d.word("imageId", m.Image.ID)
	d.instanceState("instanceState", m.State)
	connected := m.State != Terminated
	if connected {
		d.privateName(m)
	} else {
		d.raw("<privateDnsName/>")
	}
	d.publicName(m)
	d.stateReason(m)
	d.raw("<keyName>ops</keyName><amiLaunchIndex>")
	d.b = strconv.AppendInt(d.b, int64(m.Index), 10)
	d.raw("</amiLaunchIndex><productCodes/>")
	d.word("instanceType", m.Type)
	d.time("launchTime", m.Launched)
	d.raw("<placement>")
	d.word("availabilityZone", m.Network.Zone)
	d.word("availabilityZoneId", m.Network.ZoneID)
	d.raw("<groupName/><tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>")
	if connected {
		d.placementInNetwork(m)
	} else {
		d.raw("<groupSet/>")
	}
	d.word("architecture", m.Image.Arch)
	if m.InstanceStore {
		d.raw("<rootDeviceType>instance-store</rootDeviceType>")
	} else {
		d.raw("<rootDeviceType>ebs</rootDeviceType>")
	}
	d.word("rootDeviceName", m.Image.RootDevice)
	d.disks(m, connected)
	d.spot(m)
	if m.Image.Windows {
		d.raw("<platform>windows</platform>")
	}
	d.raw("<virtualizationType>hvm</virtualizationType><clientToken/>")
	d.tags("tagSet", m.Tags)
	d.raw("<hypervisor>xen</hypervisor>")
	if connected {
		d.networkInterface(m, account)
		d.raw("<iamInstanceProfile><arn>arn:aws:iam::")
		d.raw(account)
		d.raw(":instance-profile/workload</arn><id>AIPASIMWORKLOADPROFIL</id></iamInstanceProfile>")
	} else {
		d.raw("<networkInterfaceSet/>")
	}
	d.raw(instanceOptions)
	d.word("platformDetails", m.Image.Platform)
	d.word("usageOperation", m.Image.Operation)
	d.time("usageOperationUpdateTime", m.Launched)
	d.raw("<privateDnsNameOptions><hostnameType>ip-name</hostnameType><enableResourceNameDnsARecord>false</enableResourceNameDnsARecord>" +
		"<enableResourceNameDnsAAAARecord>false</enableResourceNameDnsAAAARecord></privateDnsNameOptions></item>")
}

// instanceOptions are elements with the same value for every instance.
const instanceOptions = "<ebsOptimized>true</ebsOptimized><enaSupport>true</enaSupport>" +
	"<cpuOptions><coreCount>2</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>" +
	"<capacityReservationSpecification><capacityReservationPreference>open</capacityReservationPreference></capacityReservationSpecification>" +
	"<hibernationOptions><configured>false</configured></hibernationOptions><enclaveOptions><enabled>false</enabled></enclaveOptions>" +
	"<metadataOptions><state>applied</state><httpTokens>required</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit>" +
	"<httpEndpoint>enabled</httpEndpoint><httpProtocolIpv6>disabled</httpProtocolIpv6><instanceMetadataTags>disabled</instanceMetadataTags></metadataOptions>" +
	"<maintenanceOptions><autoRecovery>default</autoRecovery><rebootMigration>default</rebootMigration></maintenanceOptions>" +
	"<bootMode>uefi-preferred</bootMode><currentInstanceBootMode>uefi</currentInstanceBootMode>"

func (d *document) instanceState(name string, s State) {
	d.open(name)
	d.number("code", s.Code())
	d.word("name", s.String())
	d.close(name)
}

// spot writes the elements of a spot instance.
func (d *document) spot(m *Instance) {
	if !m.Spot {
		return
	}
	d.raw("<instanceLifecycle>spot</instanceLifecycle>")
	d.word("spotInstanceRequestId", spotRequestID(m))
}

// spotRequestID returns the id of the request that created a spot instance.
func spotRequestID(m *Instance) string {
	const eightDigits = 36 * 36 * 36 * 36 * 36 * 36 * 36 // the smallest number of eight digits in base 36
	return "sir-" + strconv.FormatUint(eightDigits+cloudsim.Mix(m.Entropy, mixSpotRequest)%eightDigits, 36)
}

// stateReason writes why an instance is not running.
func (d *document) stateReason(m *Instance) {
	if m.State == Pending || m.State == Running {
		d.raw("<reason/>")
		return
	}
	if m.State == Stopped && m.Failure != "" {
		text := m.Failure + ": " + m.FailureText
		d.text("reason", text)
		d.raw("<stateReason>")
		d.text("code", m.Failure)
		d.text("message", text)
		d.raw("</stateReason>")
		return
	}
	d.raw("<reason>User initiated (")
	d.b = m.Changed.UTC().AppendFormat(d.b, "2006-01-02 15:04:05 GMT")
	d.raw(")</reason><stateReason><code>Client.UserInitiatedShutdown</code><message>Client.UserInitiatedShutdown: User initiated shutdown</message></stateReason>")
}

// privateName writes the DNS name that EC2 derives from the private address.
func (d *document) privateName(m *Instance) {
	d.raw("<privateDnsName>ip-")
	d.dashed(m.PrivateIP)
	if m.Region == "us-east-1" {
		d.raw(".ec2.internal</privateDnsName>")
		return
	}
	d.raw(".")
	d.raw(m.Region)
	d.raw(".compute.internal</privateDnsName>")
}

// publicName writes the DNS name that EC2 derives from the public address.
func (d *document) publicName(m *Instance) {
	if !hasPublicIP(m) {
		d.raw("<dnsName/>")
		return
	}
	d.raw("<dnsName>ec2-")
	d.dashed(m.PublicIP)
	d.raw(".")
	d.raw(m.Region)
	d.raw(".compute.amazonaws.com</dnsName>")
}

// dashed writes an address with dashes for dots.
func (d *document) dashed(a netip.Addr) {
	for i, part := range a.As4() {
		if i > 0 {
			d.b = append(d.b, '-')
		}
		d.b = strconv.AppendUint(d.b, uint64(part), 10)
	}
}

func (d *document) address(name string, a netip.Addr) {
	d.open(name)
	d.b = a.AppendTo(d.b)
	d.close(name)
}

func (d *document) placementInNetwork(m *Instance) {
	d.word("subnetId", m.Network.Subnet)
	d.word("vpcId", m.Network.VPC)
	d.address("privateIpAddress", m.PrivateIP)
	if hasPublicIP(m) {
		d.address("ipAddress", m.PublicIP)
	}
	d.raw("<sourceDestCheck>true</sourceDestCheck>")
	d.securityGroups(m)
}

func (d *document) securityGroups(m *Instance) {
	d.raw("<groupSet><item>")
	d.word("groupId", m.Network.SecurityGroup)
	d.raw("<groupName>default</groupName></item></groupSet>")
}

func (d *document) disks(m *Instance, attached bool) {
	if !attached || m.InstanceStore {
		d.raw("<blockDeviceMapping/>")
		return
	}
	d.raw("<blockDeviceMapping><item>")
	d.word("deviceName", m.Image.RootDevice)
	d.raw("<ebs>")
	d.id("volumeId", "vol-", cloudsim.Mix(m.Entropy, mixVolume))
	d.raw("<status>attached</status>")
	d.time("attachTime", m.Created)
	d.raw("<deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>")
}

// tags writes a set of tags, or nothing if there are none, like EC2.
func (d *document) tags(name string, tags []cloudsim.Tag) {
	if len(tags) == 0 {
		return
	}
	d.open(name)
	for _, t := range tags {
		d.raw("<item>")
		d.text("key", t.Key)
		d.text("value", t.Value)
		d.raw("</item>")
	}
	d.close(name)
}

func (d *document) networkInterface(m *Instance, account string) {
	d.raw("<networkInterfaceSet><item>")
	d.id("networkInterfaceId", "eni-", cloudsim.Mix(m.Entropy, mixInterface))
	d.word("subnetId", m.Network.Subnet)
	d.word("vpcId", m.Network.VPC)
	d.raw("<description/>")
	d.word("ownerId", account)
	d.raw("<status>in-use</status><macAddress>")
	mac := cloudsim.Mix(m.Entropy, mixMAC)
	d.raw("02") // a locally administered address, as EC2's are
	for shift := 0; shift < 40; shift += 8 {
		const digits = "0123456789abcdef"
		d.b = append(d.b, ':', digits[mac>>(shift+4)&15], digits[mac>>shift&15])
	}
	d.raw("</macAddress>")
	d.address("privateIpAddress", m.PrivateIP)
	d.privateName(m)
	d.raw("<sourceDestCheck>true</sourceDestCheck>")
	d.securityGroups(m)
	d.raw("<attachment>")
	d.id("attachmentId", "eni-attach-", cloudsim.Mix(m.Entropy, mixAttachment))
	d.raw("<deviceIndex>0</deviceIndex><status>attached</status>")
	d.time("attachTime", m.Created)
	d.raw("<deleteOnTermination>true</deleteOnTermination><networkCardIndex>0</networkCardIndex></attachment>")
	d.association(m)
	d.raw("<privateIpAddressesSet><item>")
	d.address("privateIpAddress", m.PrivateIP)
	d.privateName(m)
	d.raw("<primary>true</primary>")
	d.association(m)
	d.raw("</item></privateIpAddressesSet><ipv6AddressesSet/><interfaceType>interface</interfaceType></item></networkInterfaceSet>")
}

// association writes the public address of a network interface.
func (d *document) association(m *Instance) {
	if !hasPublicIP(m) {
		return
	}
	d.raw("<association>")
	d.address("publicIp", m.PublicIP)
	d.raw("<publicDnsName>ec2-")
	d.dashed(m.PublicIP)
	d.raw(".")
	d.raw(m.Region)
	d.raw(".compute.amazonaws.com</publicDnsName><ipOwnerId>amazon</ipOwnerId></association>")
}
