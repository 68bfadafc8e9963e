// Package grpc serves the contract of rollcall.accounts.v1: AccountService,
// KeyService, and ConnectionService for discovery alone. One file an RPC; the
// files convert*.go are the border between protobuf and the domain.
package grpc
