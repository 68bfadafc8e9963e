// Package grpc serves what the discovery service has of the contract:
// DiscoveryService, one RPC a file, LifecycleService, OperationService with
// google.longrunning.Operations beside it, and AuditService.
package grpc
