package gcp

// method is a method of the Compute Engine API, and what callTransport adds to requests for it.
type method struct {
	// permission is the IAM permission that the method requires.
	permission string
	// fields is the mask of the answer ("Use partial responses" in Google's documentation): the fields
	// that this package reads. If it is empty, the answer has all fields. A server may ignore it.
	fields string
	// partialSuccess requests a list of the zones that can be reached. Without it one unreachable zone
	// fails the whole list.
	partialSuccess bool
}

// The methods in use. Those that change something have no mask, because their answers are small.
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

// The masks.
const (
	machineFields = "id,name,selfLink,status,machineType,labels,creationTimestamp,lastStartTimestamp,hostname," +
		"scheduling(preemptible,provisioningModel),metadata/items(key,value)," +
		"disks(type,boot,architecture,licenses,initializeParams/sourceImage)," +
		"networkInterfaces(network,subnetwork,networkIP,accessConfigs(natIP,externalIpv6)," +
		"ipv6AccessType,ipv6Address,ipv6AccessConfigs/externalIpv6)"
	warningFields = "warning(code,message)"
	listFields    = "kind,nextPageToken," + warningFields
	// AllZonesFields is the mask of the list of all VMs. It is exported for the benchmark, which
	// compares with the generated client alone.
	AllZonesFields  = listFields + ",unreachables,items/*(" + warningFields + ",instances(" + machineFields + "))"
	operationFields = "name,operationType,targetId,clientOperationId,insertTime,status,error/errors(code,message)"
)
