// Package grpc serves the API of discovery: DiscoveryService, LifecycleService,
// OperationService, AuditService, and google.longrunning.Operations for clients that know
// only that one. Each RPC has a file of its own, except those of longrunning.go, which call
// the RPCs of OperationService.
//
// Convert.go and convert_operation.go are the border with protobuf.
package grpc
