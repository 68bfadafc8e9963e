// Command inventory runs the inventory service.
package main

import (
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	"github.com/rollcall-dev/rollcall/services/inventory/app"
)

func main() {
	serve.Main("inventory", "The inventory: every instance of every account, as it was last observed.", app.New)
}
