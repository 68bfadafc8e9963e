module github.com/rollcall-dev/rollcall/services/rollcall

go 1.26.0

replace (
	github.com/rollcall-dev/rollcall/gen => ../../gen
	github.com/rollcall-dev/rollcall/migrations => ../../migrations
	github.com/rollcall-dev/rollcall/services/internal => ../../services/internal
	github.com/rollcall-dev/rollcall/services/accounts => ../../services/accounts
	github.com/rollcall-dev/rollcall/services/inventory => ../../services/inventory
	github.com/rollcall-dev/rollcall/services/discovery => ../../services/discovery
	github.com/rollcall-dev/rollcall/services/gateway => ../../services/gateway
	github.com/rollcall-dev/rollcall/services/cloudsim => ../../services/cloudsim
)
