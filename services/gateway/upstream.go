package gateway

import (
	"slices"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// Upstreams are the connections to the services behind the gateway.
type Upstreams struct {
	Accounts  grpc.ClientConnInterface
	Inventory grpc.ClientConnInterface
	Discovery grpc.ClientConnInterface
}

// Upstream is one public gRPC service behind the gateway. A process may have several.
type Upstream struct {
	// Name is the name of the process, such as `inventory`.
	Name string
	// Conn is a connection to the process.
	Conn grpc.ClientConnInterface
	// Desc is the generated description with which a gRPC server registers the service.
	Desc *grpc.ServiceDesc
	// Schema is the proto descriptor of the service.
	Schema protoreflect.ServiceDescriptor
	// GRPCOnly excludes the service from REST, because another service has the same methods there.
	GRPCOnly bool
}

// Public lists the public services. Services that are not on this list (ConnectionService,
// IngestService) can't be reached through the gateway.
func (u Upstreams) Public() []Upstream {
	return []Upstream{
		{
			Name: "accounts", Conn: u.Accounts, Desc: &accountsv1.AccountService_ServiceDesc,
			Schema: accountsv1.File_rollcall_accounts_v1_account_service_proto.Services().ByName("AccountService"),
		},
		{
			Name: "accounts", Conn: u.Accounts, Desc: &accountsv1.KeyService_ServiceDesc,
			Schema: accountsv1.File_rollcall_accounts_v1_key_service_proto.Services().ByName("KeyService"),
		},
		{
			Name: "inventory", Conn: u.Inventory, Desc: &inventoryv1.InventoryService_ServiceDesc,
			Schema: inventoryv1.File_rollcall_inventory_v1_inventory_service_proto.Services().ByName("InventoryService"),
		},
		{
			Name: "discovery", Conn: u.Discovery, Desc: &discoveryv1.DiscoveryService_ServiceDesc,
			Schema: discoveryv1.File_rollcall_discovery_v1_discovery_service_proto.Services().ByName("DiscoveryService"),
		},
		{
			Name: "discovery", Conn: u.Discovery, Desc: &discoveryv1.LifecycleService_ServiceDesc,
			Schema: discoveryv1.File_rollcall_discovery_v1_lifecycle_service_proto.Services().ByName("LifecycleService"),
		},
		{
			Name: "discovery", Conn: u.Discovery, Desc: &discoveryv1.OperationService_ServiceDesc,
			Schema: discoveryv1.File_rollcall_discovery_v1_operation_service_proto.Services().ByName("OperationService"),
		},
		{
			Name: "discovery", Conn: u.Discovery, Desc: &discoveryv1.AuditService_ServiceDesc,
			Schema: discoveryv1.File_rollcall_discovery_v1_audit_service_proto.Services().ByName("AuditService"),
		},
		{
			// The standard service, for clients that don't know OperationService.
			GRPCOnly: true,
			Name:     "discovery", Conn: u.Discovery, Desc: &longrunningpb.Operations_ServiceDesc,
			Schema: longrunningpb.File_google_longrunning_operations_proto.Services().ByName("Operations"),
		},
	}
}

// Processes lists one upstream for each process.
func (u Upstreams) Processes() []Upstream {
	return slices.CompactFunc(u.Public(), func(a, b Upstream) bool { return a.Name == b.Name })
}
