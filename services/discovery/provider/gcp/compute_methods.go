package gcp

// method is a method of the Compute Engine API, and what callTransport adds to requests for it.
type method struct {
	// permission is the IAM permission that the method requires.
	permission string
	// fields is the mask of the answer ("Use partial responses" in Google's documentation): all fields
	// that this package reads. Empty: all there are. A server that ignores masks is fine.
	fields string
	// partialSuccess asks a list for the zones that can be reached. Without it one zone that can't be
	// reached fails the whole list.
	partialSuccess bool
}

// The methods in use. Calls that change something have no mask: their answers are small, and nothing
// about them should depend on one.
var (
	instancesAggregatedList = method{permission: "compute.instances.list", fields: AllZonesFields, partialSuccess: true}
	instancesList           = method{permission: "compute.instances.list", fields: listFields + ",items(" + machineFields + ")", partialSuccess: true}
	instancesGet            = method{permission: "compute.instances.get", fields: "kind," + machineFields}
	instancesStart          = method{permission: "compute.instances.start"}
	instancesResume         = method{permission: "compute.instances.resume"}
	instancesStop           = method{permission: "compute.instances.stop"}
	zonesList               = method{permission: "compute.zones.list", fields: "kind,nextPageToken,items/name"}
	zoneOperationsList      = method{permission: "compute.zoneOperations.list", fields: "kind,nextPageToken,items(" + operationFields + ")"}
	zoneOperationsGet       = method{permission: "compute.zoneOperations.get", fields: "kind," + operationFields}
)

// The masks. Half of what a VM has is not read here.
const (
	machineFields = "id,name,selfLink,status,machineType,labels,creationTimestamp,lastStartTimestamp,hostname," +
		"scheduling(preemptible,provisioningModel),metadata/items(key,value)," +
		"disks(type,boot,architecture,licenses,initializeParams/sourceImage)," +
		"networkInterfaces(network,subnetwork,networkIP,accessConfigs(natIP,externalIpv6)," +
		"ipv6AccessType,ipv6Address,ipv6AccessConfigs/externalIpv6)"
	warningFields = "warning(code,message)"
	listFields    = "kind,nextPageToken," + warningFields
	// AllZonesFields is the mask of the list of all VMs. It is exported for the benchmark, which compares
	// with the generated client and the same mask.
	AllZonesFields  = listFields + ",unreachables,items/*(" + warningFields + ",instances(" + machineFields + "))"
	operationFields = "name,operationType,targetId,clientOperationId,insertTime,status,error/errors(code,message)"
)
