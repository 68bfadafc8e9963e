// Package rest serves the public RPCs over REST, according to their google.api.http annotations
// (AIP-127), with grpc-gateway.
//
//	request ─▶ body limit ─▶ route ─▶ strict decoding ─▶ gRPC call ─▶ JSON
//
// It adds to grpc-gateway:
//
//   - Requests are decoded strictly: an unknown field or query parameter is an error that names
//     it.
//   - Every error, also 404, 405 and 413, is a google.rpc.Status with details.
//   - Streams are newline-delimited JSON, one message a line. A stream that can be resumed is also
//     available as server-sent events, whose ids are its resume tokens.
//
// buf generates stubs/ from the proto files.
package rest
