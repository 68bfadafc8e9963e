module github.com/rollcall-dev/rollcall/services/inventory

go 1.26.0

replace (
	github.com/rollcall-dev/rollcall/gen => ../../gen
	github.com/rollcall-dev/rollcall/migrations => ../../migrations
	github.com/rollcall-dev/rollcall/services/internal => ../../services/internal
)
