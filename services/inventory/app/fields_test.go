package app_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// stoppedDatabase is a database that the provider starts by itself at a time.
func stoppedDatabase(restart *timestamppb.Timestamp) *inventoryv1.Instance {
	return &inventoryv1.Instance{
		ProviderId: "db-ABC", DisplayName: "orders", State: inventoryv1.Instance_STOPPED,
		Location: &commonv1.Location{Region: region},
		Details:  &inventoryv1.Instance_Database{Database: &inventoryv1.Database{Engine: "postgres", AutoRestartTime: restart}},
	}
}

// TestWatch_AutoRestartTime changes nothing but database.auto_restart_time. A watch that filters by
// it gets the change, and an unfiltered one names the changed field.
func TestWatch_AutoRestartTime(t *testing.T) {
	t.Parallel()
	s := start(t)
	dbs := observation(account, region, 1)
	dbs.Kind = commonv1.Kind_DATABASE
	s.apply(t, dbs, stoppedDatabase(nil))
	all := s.watch(t, &watchRequest{})
	filtered := s.watch(t, &watchRequest{Filter: `database.auto_restart_time > "2026-03-07T00:00:00Z"`})
	unset := s.watch(t, &watchRequest{Filter: `NOT database.autoRestartTime:*`})

	restart := timestamppb.New(at(0).Add(7 * 24 * time.Hour))
	dbs = proto.CloneOf(dbs)
	dbs.FencingToken, dbs.ObserveTime = 2, timestamppb.New(at(2))
	if result := s.apply(t, dbs, stoppedDatabase(restart)); result.GetChanged() != 1 {
		t.Fatalf("applied: %v", result)
	}
	for name, w := range map[string]*watching{"all": all, "filtered": filtered, "unset": unset} {
		message := w.next(t)
		if message.GetType() != changed || !slices.Equal(message.GetChangedFields(), []string{"database.autoRestartTime"}) {
			t.Errorf("%s: %s with the changed fields %q", name, message.GetType(), message.GetChangedFields())
		}
		if got := message.GetInstance().GetDatabase().GetAutoRestartTime(); !proto.Equal(got, restart) {
			t.Errorf("%s: auto_restart_time %v, want %v", name, got, restart)
		}
	}
	found := s.list(t, &inventoryv1.ListInstancesRequest{Filter: `database.auto_restart_time:*`})
	if len(found) != 1 || !proto.Equal(found[0].GetDatabase().GetAutoRestartTime(), restart) {
		t.Errorf("listed: %v", found)
	}
}
