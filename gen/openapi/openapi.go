// Package openapi holds the OpenAPI (Swagger 2.0) document that buf generates
// from the contract, as it was generated. The gateway serves a finished form of
// it at /openapi.json.
package openapi

import _ "embed"

// Document is the generated document, JSON.
//
//go:embed rollcall.swagger.json
var Document []byte
