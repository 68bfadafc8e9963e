// Command gateway serves REST, the web console and the public gRPC API of Rollcall.
package main

import (
	"github.com/rollcall-dev/rollcall/services/gateway/app"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func main() {
	serve.Main("gateway", "Serves REST, the web console and the public gRPC API of Rollcall.", app.New)
}
