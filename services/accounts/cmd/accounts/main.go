// Command accounts runs the accounts service on its own.
package main

import (
	"github.com/rollcall-dev/rollcall/services/accounts/app"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

func main() {
	serve.Main("accounts", "Rollcall's accounts service: the cloud accounts and the status of their connections.", app.New)
}
