// Command gateway serves REST, the console and the gRPC front door of Rollcall.
package main

import (
	"github.com/rollcall-dev/rollcall/services/gateway/app"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func main() {
	serve.Main("gateway", "REST, console and gRPC front door of Rollcall.", app.New)
}
