// Package grpcproxy serves public gRPC: it registers every public RPC with a gRPC server and
// forwards each call to the service that implements it.
//
// Requests are decoded into their generated types, so that the server validates them and
// reflection describes them. Metadata, deadlines, cancellation and status details pass through in
// both directions.
package grpcproxy
