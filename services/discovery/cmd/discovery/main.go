// Command discovery runs the discovery service on its own.
package main

import (
	"github.com/rollcall-dev/rollcall/services/discovery/app"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func main() {
	serve.Main("discovery", "Rollcall's discovery service: reads the clouds into the inventory.", app.New)
}
