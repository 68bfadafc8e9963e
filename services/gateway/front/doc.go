// Package front is the gRPC front door: it registers every public RPC with a
// gRPC server and forwards each call to the service that answers it.
//
// Messages are decoded by the types of the contract, so that the server can
// hold requests to its rules and reflection can describe them. Metadata,
// deadlines, cancellation and status details pass through in both directions.
package front
