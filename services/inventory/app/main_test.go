package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/migrations"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	"github.com/rollcall-dev/rollcall/services/inventory/app"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// migrated is a database with the schema as it is now.
var migrated = dbtest.Template{
	Service: "inventory",
	Version: dbtest.HashFS(migrations.Inventory()),
	Migrate: func(ctx context.Context, url string) error {
		return kit.Migrate(ctx, url, migrations.Inventory(), "inventory")
	},
}

// service is a running inventory with its clients: the public one, and that of discovery.
type service struct {
	inventoryv1.InventoryServiceClient
	ingest inventoryv1.IngestServiceClient
	db     *dbtest.DB
	// public is the connection to the public endpoint.
	public *grpc.ClientConn
	// outsider reaches the internal endpoint without a key.
	outsider inventoryv1.IngestServiceClient
	// stop ends the service, as the end of the test does.
	stop func()
}

// start runs the service as production does, on pipes and on a database of its own.
func start(t testing.TB) *service {
	t.Helper()
	return startOn(t, dbtest.New(t, migrated))
}

func startOn(t testing.TB, db *dbtest.DB, options ...func(*app.Config)) *service {
	t.Helper()
	cfg := app.Config{
		DatabaseURL: db.URL, GRPC: serve.Pipe(), Internal: serve.Pipe(), DiscoveryKey: auth.NewKey(),
		Logging: serve.Logging{Level: 12},
	}
	for _, option := range options {
		option(&cfg)
	}
	a, err := app.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	end := sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	public := dial(t, cfg.GRPC)
	return &service{
		InventoryServiceClient: inventoryv1.NewInventoryServiceClient(public),
		ingest: inventoryv1.NewIngestServiceClient(dial(t, cfg.Internal,
			grpc.WithPerRPCCredentials(auth.PerRPC(cfg.DiscoveryKey, "discovery")))),
		outsider: inventoryv1.NewIngestServiceClient(dial(t, cfg.Internal)),
		db:       db,
		public:   public,
		stop:     end,
	}
}

func dial(t testing.TB, endpoint serve.Endpoint, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := endpoint.Dial(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// The scope that most tests observe.
const (
	account = "accounts/aws-100000000001"
	region  = "eu-west-1"
)

// at returns the time of the observation with this token: they are one minute apart.
func at(fence int64) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(fence) * time.Minute)
}

// observation returns a start message for a scope of virtual machines.
func observation(account, region string, fence int64) *inventoryv1.SnapshotStart {
	return &inventoryv1.SnapshotStart{
		Account: account, Provider: commonv1.Provider_AWS, Kind: commonv1.Kind_VIRTUAL_MACHINE,
		Location: region, FencingToken: fence, ObserveTime: timestamppb.New(at(fence)),
	}
}

// machine returns virtual machine number n in a region.
func machine(region string, n int) *inventoryv1.Instance {
	id := fmt.Sprintf("i-%017x", n)
	return &inventoryv1.Instance{
		ProviderId: id, ProviderUri: "arn:aws:ec2:" + region + ":100000000001:instance/" + id,
		DisplayName: fmt.Sprintf("web-%d", n), Location: &commonv1.Location{Region: region, Zone: region + "a"},
		State: inventoryv1.Instance_RUNNING, ProviderState: "running", MachineType: "m6i.large",
		PrivateIps: []string{fmt.Sprintf("10.0.%d.%d", n/256%256, n%256)},
		Labels:     map[string]string{"Name": fmt.Sprintf("web-%d", n), "team": []string{"data", "web"}[n%2]},
		CreateTime: timestamppb.New(at(0)),
		Details: &inventoryv1.Instance_VirtualMachine{VirtualMachine: &inventoryv1.VirtualMachine{
			Image: "ami-1", Architecture: "x86_64", Platform: "Linux/UNIX", Spot: n%2 == 0, StartTime: timestamppb.New(at(0)),
		}},
	}
}

func machines(region string, from, to int) []*inventoryv1.Instance {
	var all []*inventoryv1.Instance
	for n := from; n < to; n++ {
		all = append(all, machine(region, n))
	}
	return all
}

// snapshot sends a complete observation.
func (s *service) snapshot(t testing.TB, start *inventoryv1.SnapshotStart, instances ...*inventoryv1.Instance) (*inventoryv1.SnapshotResult, error) {
	t.Helper()
	return s.send(t, begin(start), seen(instances...), complete(len(instances)))
}

// send sends a stream of messages to its end.
func (s *service) send(t testing.TB, messages ...*inventoryv1.ApplySnapshotRequest) (*inventoryv1.SnapshotResult, error) {
	t.Helper()
	stream, err := s.ingest.ApplySnapshot(dbtest.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range messages {
		if err := stream.Send(message); err != nil {
			break // settle returns the reason
		}
	}
	if !slices.ContainsFunc(messages, func(m *inventoryv1.ApplySnapshotRequest) bool { return m.GetComplete() != nil }) {
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
	}
	return settle(stream)
}

// stream is an ApplySnapshot.
type stream = grpc.BidiStreamingClient[inventoryv1.ApplySnapshotRequest, inventoryv1.ApplySnapshotResponse]

// settle ends a stream after its last message. The provider reports all missing instances as not
// found.
func settle(stream stream) (*inventoryv1.SnapshotResult, error) {
	return settleWith(stream, func(*inventoryv1.Instance) *inventoryv1.SnapshotVerdict_Finding {
		return &inventoryv1.SnapshotVerdict_Finding{Evidence: inventoryv1.SnapshotVerdict_Finding_NOT_FOUND}
	})
}

// settleWith ends a stream with the findings of find; nil is none.
func settleWith(stream stream, find func(*inventoryv1.Instance) *inventoryv1.SnapshotVerdict_Finding) (*inventoryv1.SnapshotResult, error) {
	findings := &inventoryv1.SnapshotVerdict{Final: true}
	for {
		answer, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		if answer.GetResult() != nil {
			return answer.GetResult(), stream.CloseSend()
		}
		for _, absent := range answer.GetAbsent().GetInstances() {
			if finding := find(absent); finding != nil {
				finding.ProviderId = absent.GetProviderId()
				findings.Findings = append(findings.Findings, finding)
			}
		}
		if answer.GetAbsent().GetFinal() {
			err := stream.Send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Verdict{Verdict: findings}})
			if err != nil && !errors.Is(err, io.EOF) { // after io.EOF, Recv returns the status that the server ended with
				return nil, err
			}
		}
	}
}

// apply is snapshot without an error.
func (s *service) apply(t testing.TB, start *inventoryv1.SnapshotStart, instances ...*inventoryv1.Instance) *inventoryv1.SnapshotResult {
	t.Helper()
	resp, err := s.snapshot(t, start, instances...)
	if err != nil {
		t.Fatalf("ApplySnapshot with token %d: %v", start.GetFencingToken(), err)
	}
	return resp
}

func begin(start *inventoryv1.SnapshotStart) *inventoryv1.ApplySnapshotRequest {
	return &inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Start{Start: start}}
}

func seen(instances ...*inventoryv1.Instance) *inventoryv1.ApplySnapshotRequest {
	return &inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Instances{
		Instances: &inventoryv1.SnapshotInstances{Instances: instances}}}
}

func complete(count int) *inventoryv1.ApplySnapshotRequest {
	return &inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Complete{
		Complete: &inventoryv1.SnapshotComplete{InstanceCount: int64(count)}}}
}

func failed(reason, text string) *inventoryv1.ApplySnapshotRequest {
	return &inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Failure{
		Failure: &inventoryv1.SnapshotFailure{Reason: reason, Error: text}}}
}

// list returns the whole answer to a request, in pages of 1000.
func (s *service) list(t testing.TB, req *inventoryv1.ListInstancesRequest) []*inventoryv1.Instance {
	t.Helper()
	var all []*inventoryv1.Instance
	for {
		resp, err := s.ListInstances(t.Context(), req)
		if err != nil {
			t.Fatalf("ListInstances(%v): %v", req, err)
		}
		all = append(all, resp.GetInstances()...)
		if resp.GetNextPageToken() == "" {
			return all
		}
		req.PageToken = resp.GetNextPageToken()
	}
}
