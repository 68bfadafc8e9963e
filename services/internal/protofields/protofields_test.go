package protofields_test

import (
	"slices"
	"testing"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/protofields"
)

func TestPaths(t *testing.T) {
	t.Parallel()
	paths := protofields.Paths((&inventoryv1.Instance{}).ProtoReflect().Descriptor())
	for _, want := range []string{"name", "location.region", "private_ips", "labels.KEY", "virtual_machine.spot", "database.auto_restart_time", "create_time"} {
		if !slices.Contains(paths, want) {
			t.Errorf("%v lacks %s", paths, want)
		}
	}
	for _, path := range paths {
		if path == "location" || path == "create_time.seconds" {
			t.Errorf("%s is listed", path)
		}
	}
}
