module github.com/rollcall-dev/rollcall/services/accounts

go 1.26.0

replace (
	github.com/rollcall-dev/rollcall/gen => ../../gen
	github.com/rollcall-dev/rollcall/migrations => ../../migrations
	github.com/rollcall-dev/rollcall/services/internal => ../../services/internal
)

require (
	github.com/rollcall-dev/rollcall/gen v0.0.0-00010101000000-000000000000
	github.com/rollcall-dev/rollcall/migrations v0.0.0-00010101000000-000000000000
	github.com/rollcall-dev/rollcall/services/internal v0.0.0-00010101000000-000000000000
)

require (
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/pgx/v5 v5.12.0 // indirect
	go.uber.org/goleak v1.3.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261019180522-ce908d29299b // indirect
	google.golang.org/grpc v1.85.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)
