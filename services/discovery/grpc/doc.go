// Package grpc serves rollcall.discovery.v1.DiscoveryService, one RPC a file.
package grpc
