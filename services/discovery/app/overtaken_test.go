package app_test

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
	"github.com/rollcall-dev/rollcall/services/internal/auth"
)

// token returns the next fencing token of discovery.
func (r *rollcall) token() (token int64) {
	r.t.Helper()
	if err := r.db.Pool(r.t).QueryRow(r.t.Context(), `SELECT nextval('fencing_token_seq')`).Scan(&token); err != nil {
		r.t.Fatal(err)
	}
	return token
}

// observedByAnother observes a scope as another worker that finds the stored instances.
func (r *rollcall) observedByAnother(account *accountsv1.Account, provider commonv1.Provider, location string) {
	r.t.Helper()
	conn, err := r.config.Inventory.Dial(grpc.WithPerRPCCredentials(auth.PerRPC(r.config.DiscoveryKey, "discovery")))
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	stream, err := inventoryv1.NewIngestServiceClient(conn).ApplySnapshot(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	there := &inventoryv1.SnapshotInstances{}
	for _, i := range r.instances(account.GetName()) {
		if i.GetKind() == commonv1.Kind_VIRTUAL_MACHINE && (i.GetLocation().GetRegion() == location || i.GetLocation().GetZone() == location) {
			there.Instances = append(there.Instances, i)
		}
	}
	for _, request := range []*inventoryv1.ApplySnapshotRequest{
		{Message: &inventoryv1.ApplySnapshotRequest_Start{Start: &inventoryv1.SnapshotStart{
			Account: account.GetName(), Provider: provider, Kind: commonv1.Kind_VIRTUAL_MACHINE, Location: location,
			FencingToken: r.token(), ObserveTime: timestamppb.Now(),
		}}},
		{Message: &inventoryv1.ApplySnapshotRequest_Instances{Instances: there}},
		{Message: &inventoryv1.ApplySnapshotRequest_Complete{Complete: &inventoryv1.SnapshotComplete{
			InstanceCount: int64(len(there.GetInstances())), EndToken: r.token(),
		}}},
	} {
		if err := stream.Send(request); err != nil {
			r.t.Fatal(err)
		}
	}
	answer, err := stream.Recv()
	if err != nil || answer.GetResult().GetUnchanged() != int64(len(there.GetInstances())) || len(there.GetInstances()) == 0 {
		r.t.Fatalf("another observed %d instances: %v, %v", len(there.GetInstances()), answer, err)
	}
}

// A scope that another worker observed while it was read is read again: it is fresh, and no failure
// of the account.
func TestSync_Overtaken(t *testing.T) {
	t.Parallel()
	world := oneRegion()
	world.gcp.Projects = projects().gcp.Projects
	ofAWS := func(_ string, body []byte) bool { return bytes.Contains(body, []byte("<DescribeInstancesResponse")) }
	ofGoogle := func(path string, _ []byte) bool { return strings.HasSuffix(path, "/aggregated/instances") }
	for _, test := range []struct {
		name     string
		provider commonv1.Provider
		location string
		listing  func(path string, body []byte) bool
		// page is the one that arrives late.
		page int32
	}{
		{"before its first page", commonv1.Provider_AWS, home, ofAWS, 1},
		{"between its pages", commonv1.Provider_AWS, home, ofAWS, 2},
		{"in a batch, before its first page", commonv1.Provider_GCP, zone, ofGoogle, 1},
		{"in a batch, between its pages", commonv1.Provider_GCP, zone, ofGoogle, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			reached, release := make(chan struct{}), make(chan struct{})
			goOn := sync.OnceFunc(func() { close(release) })
			defer goOn()
			var pages atomic.Int32
			late := &hider{edit: func(path string, body []byte) []byte {
				if test.listing(path, body) && pages.Add(1) == test.page {
					close(reached)
					<-release
				}
				return body
			}}
			r := start(t, world, smallPages, func(c *app.Config) {
				c.AWS.EndpointURL, c.GCP.ComputeEndpoint = late.before(t, c.AWS.EndpointURL), late.before(t, c.GCP.ComputeEndpoint)
				c.AWS.AttemptLimit, c.AWS.CallLimit, c.GCP.AttemptLimit, c.GCP.CallLimit = patience, patience, patience, patience
				c.Limits.Run, c.Limits.Scope = patience, patience
			})
			var account *accountsv1.Account
			if test.provider == commonv1.Provider_AWS {
				account = r.add(r.aws.Accounts()[0])
			} else {
				account = r.addProject(project)
			}
			r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
			late.on.Store(true)
			queued, err := r.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: account.GetName()})
			if err != nil {
				t.Fatal(err)
			}
			<-reached
			r.observedByAnother(account, test.provider, test.location)
			goOn()
			if run := r.watch(queued.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED || run.GetInstancesSeen() != int64(len(r.instances(account.GetName()))) {
				t.Errorf("the run is %v", run)
			}
			r.wantUnreachable(account.GetName())
		})
	}
}
