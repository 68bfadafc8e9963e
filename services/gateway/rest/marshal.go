package rest

import (
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const (
	contentTypeJSON = "application/json"
	// contentTypeLines is newline-delimited JSON.
	contentTypeLines = "application/x-ndjson"
)

// marshaler encodes and decodes the JSON of the API. Fields are in lowerCamelCase. Empty fields are
// written, so that lists are never missing, but unset messages are not. Unknown fields are errors.
type marshaler struct{ *runtime.JSONPb }

func newMarshaler() marshaler {
	return marshaler{&runtime.JSONPb{
		MarshalOptions: protojson.MarshalOptions{EmitDefaultValues: true},
	}}
}

// StreamContentType returns the content type of a stream.
func (marshaler) StreamContentType(any) string { return contentTypeLines }

// Marshal encodes v. grpc-gateway passes a message of a stream as {"result": message}; the line is
// only the message. An error that ends a stream remains {"error": status}.
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
