package console

import (
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/protofields"
)

// filterFields returns the names of the fields of an instance, as a filter uses them.
func filterFields() []string {
	return protofields.Paths((&inventoryv1.Instance{}).ProtoReflect().Descriptor())
}
