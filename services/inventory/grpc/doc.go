// Package grpc serves the API of the inventory, rollcall.inventory.v1. Each RPC has a file of its own.
//
//	convert.go         instances, scopes and times to and from protobuf
//	codec.go           rows of the database to the wire format of lists and exports
//	codec_details.go   details to and from protobuf, by the table of fields
package grpc
