// Package grpc serves the contract of rollcall.accounts.v1: AccountService, KeyService, and
// ConnectionService for discovery alone. Each RPC has its file; the files convert*.go are the
// border between protobuf and the domain.
package grpc
