package grpc

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloud/registry"
)

// TestFromStart_Provider accepts the registered clouds, and refuses the one that only other tests
// register.
func TestFromStart_Provider(t *testing.T) {
	start := func(provider commonv1.Provider) *inventoryv1.SnapshotStart {
		return &inventoryv1.SnapshotStart{
			Account: "accounts/a", Provider: provider, Kind: commonv1.Kind_VIRTUAL_MACHINE, Location: "north",
			FencingToken: 1, ObserveTime: timestamppb.New(time.Unix(1, 0)),
		}
	}
	for _, d := range registry.All() {
		if _, err := fromStart(start(commonv1.Provider(commonv1.Provider_value[string(d.Provider)]))); err != nil {
			t.Errorf("%s: %v", d.Provider, err)
		}
	}
	if _, err := fromStart(start(commonv1.Provider_EXAMPLE)); err == nil || !strings.Contains(err.Error(), "start.provider") {
		t.Errorf("an observation of a cloud that is not registered was accepted: %v", err)
	}
}
