// Package grpc serves the roll by its contract, rollcall.inventory.v1: one RPC a
// file, and convert.go and ingest.go as the border with protobuf.
package grpc
