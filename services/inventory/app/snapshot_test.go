package app_test

import (
	"testing"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

func TestASnapshotIsListed(t *testing.T) {
	t.Parallel()
	s := start(t)
	resp := s.apply(t, observation(account, region, 1), machines(region, 0, 120)...)
	if resp.GetCreated() != 120 {
		t.Errorf("created %d, want 120", resp.GetCreated())
	}
	all := s.list(t, &inventoryv1.ListInstancesRequest{Filter: `labels.team = "data"`, PageSize: 7})
	if len(all) != 60 {
		t.Errorf("listed %d, want 60", len(all))
	}
	resp = s.apply(t, observation(account, region, 2), machines(region, 10, 130)...)
	if resp.GetCreated() != 10 || resp.GetGone() != 10 || resp.GetUnchanged() != 110 {
		t.Errorf("got %v", resp)
	}
}
