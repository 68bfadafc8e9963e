module github.com/rollcall-dev/rollcall/services/gateway

go 1.26.0

replace (
	github.com/rollcall-dev/rollcall/gen => ../../gen
	github.com/rollcall-dev/rollcall/services/internal => ../../services/internal
)
