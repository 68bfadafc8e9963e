// Command inventory runs the service inventory: the roll of all instances.
package main

import (
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	"github.com/rollcall-dev/rollcall/services/inventory/app"
)

func main() {
	serve.Main("inventory", "The roll: every instance of every account, as it was last seen.", app.New)
}
