package app_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/app"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// While its database is away, discovery answers UNAVAILABLE and is unhealthy. When the database is
// back, everything works again without a restart. A crash of the database during a run costs at
// most that run.
func TestOutage_Database(t *testing.T) {
	t.Parallel()
	server := dbtest.NewServer(t)
	db := server.New(t, dbtest.Template{Service: "discovery"})
	r := start(t, small(), func(c *app.Config) { c.DatabaseURL = db.URL })
	unhang := r.hang()
	account := r.add(r.aws.Accounts()[0])
	r.running(account.GetName())
	server.Kill(t)
	unhang()
	server.AwaitReady(t)
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	r.wantTruth(account)

	server.Stop(t)
	health := healthpb.NewHealthClient(dial(t, r.config.GRPC))
	eventually(t, "discovery is unhealthy", func() (bool, any) {
		answer, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{})
		return answer.GetStatus() == healthpb.HealthCheckResponse_NOT_SERVING, err
	})
	_, err := r.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: account.GetName()})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("asked for a sync without a database: %v", err)
	}
	second := r.add(r.aws.Accounts()[1])
	server.Start(t)
	r.connection(second.GetName(), accountsv1.Connection_CONNECTED)
	if run := r.sync(account.GetName()); run.GetState() != discoveryv1.SyncRun_SUCCEEDED {
		t.Errorf("with the database back the run is %v", run)
	}
}

// An outage of the inventory is not a failure of the account: its status stays, and it is read
// again soon after the inventory is back.
func TestOutage_Inventory(t *testing.T) {
	t.Parallel()
	r := start(t, small())
	account := r.add(r.aws.Accounts()[0])
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	r.stopInventory()
	queued, err := r.discovery.SyncAccount(t.Context(), &discoveryv1.SyncAccountRequest{Name: account.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	truth, err := r.aws.Truth(r.aws.Accounts()[0])
	if err != nil {
		t.Fatal(err)
	}
	gone := truth.Instances[0]
	if err := r.aws.Vanish(r.aws.Accounts()[0], gone.Region, gone.ID); err != nil {
		t.Fatal(err)
	}
	if run := r.watch(queued.GetName()); run.GetState() != discoveryv1.SyncRun_ABANDONED || run.GetError() == "" {
		t.Errorf("without an inventory the run is %v", run)
	}
	r.connection(account.GetName(), accountsv1.Connection_CONNECTED)
	r.restartInventory()
	eventually(t, "the account is read again", func() (bool, any) {
		instances := r.instances(account.GetName())
		return instances[gone.ID] == nil, len(instances)
	})
	r.wantTruth(account)
}
