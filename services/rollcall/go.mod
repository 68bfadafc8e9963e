module github.com/rollcall-dev/rollcall/services/rollcall

go 1.26.0

replace (
	github.com/rollcall-dev/rollcall/gen => ../../gen
	github.com/rollcall-dev/rollcall/migrations => ../../migrations
	github.com/rollcall-dev/rollcall/services/accounts => ../../services/accounts
	github.com/rollcall-dev/rollcall/services/cloudsim => ../../services/cloudsim
	github.com/rollcall-dev/rollcall/services/discovery => ../../services/discovery
	github.com/rollcall-dev/rollcall/services/gateway => ../../services/gateway
	github.com/rollcall-dev/rollcall/services/internal => ../../services/internal
	github.com/rollcall-dev/rollcall/services/inventory => ../../services/inventory
)

require (
	github.com/alecthomas/kong v1.17.0
	github.com/jedib0t/go-pretty/v6 v6.8.3
	github.com/rollcall-dev/rollcall/gen v0.0.0
	go.yaml.in/yaml/v3 v3.0.6
	golang.org/x/term v0.47.0
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261019180522-ce908d29299b
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
)

require (
	buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go v1.36.12-20260825204119-511051f7f437.2 // indirect
	github.com/mattn/go-runewidth v0.0.16 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	go.uber.org/goleak v1.3.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/api v0.0.0-20261104224025-d1e00e9f33ab // indirect
	pgregory.net/rapid v1.3.0 // indirect
)
