package rest

import (
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const (
	contentTypeJSON = "application/json"
	// contentTypeLines is newline-delimited JSON, one value a line.
	contentTypeLines = "application/x-ndjson"
)

// marshaler is the JSON of the API: fields in lowerCamelCase, empty ones
// written too, so that a list is never missing, while an unset message is left
// out. Unknown fields are refused.
type marshaler struct{ *runtime.JSONPb }

func newMarshaler() marshaler {
	return marshaler{&runtime.JSONPb{
		MarshalOptions: protojson.MarshalOptions{EmitDefaultValues: true},
	}}
}

// StreamContentType says what a stream is.
func (marshaler) StreamContentType(any) string { return contentTypeLines }

// Marshal writes v. A message of a stream comes from grpc-gateway as
// {"result": message}; the line is the message itself. An error that ends a
// stream stays {"error": status}.
func (m marshaler) Marshal(v any) ([]byte, error) {
	switch chunk := v.(type) {
	case map[string]any:
		if message, ok := chunk["result"].(proto.Message); ok && len(chunk) == 1 {
			return m.JSONPb.Marshal(message)
		}
	case map[string]proto.Message:
		if st, ok := statusIn(chunk); ok {
			body, err := statusJSON(st)
			if err != nil {
				return nil, err
			}
			return append(append([]byte(errorPrefix), body...), errorSuffix...), nil
		}
	}
	return m.JSONPb.Marshal(v)
}
