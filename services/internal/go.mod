module github.com/rollcall-dev/rollcall/services/internal

go 1.26.0

replace (
	github.com/rollcall-dev/rollcall/gen => ../../gen
)
