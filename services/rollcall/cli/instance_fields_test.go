package cli

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/protofields"
)

// fill sets every field of a message.
func fill(message protoreflect.Message) {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.IsMap():
			message.Mutable(field).Map().Set(protoreflect.ValueOfString("team").MapKey(), protoreflect.ValueOfString("data"))
		case field.IsList():
			message.Mutable(field).List().Append(protoreflect.ValueOfString("10.0.0.1"))
		case field.Kind() == protoreflect.StringKind:
			message.Set(field, protoreflect.ValueOfString("the "+string(field.Name())))
		case field.Kind() == protoreflect.BoolKind:
			message.Set(field, protoreflect.ValueOfBool(true))
		case field.Kind() == protoreflect.EnumKind:
			message.Set(field, protoreflect.ValueOfEnum(1))
		case field.Kind() == protoreflect.Int32Kind:
			message.Set(field, protoreflect.ValueOfInt32(7))
		case field.Kind() == protoreflect.Int64Kind:
			message.Set(field, protoreflect.ValueOfInt64(7))
		case field.Message().FullName() == "google.protobuf.Timestamp":
			message.Set(field, protoreflect.ValueOfMessage(timestamppb.New(time.Date(2026, 3, 4, 11, 0, 0, 0, time.UTC)).ProtoReflect()))
		default:
			fill(message.Mutable(field).Message())
		}
	}
}

// TestInstanceFields_ShowsEveryField fails for a field of the proto message that the view lacks.
func TestInstanceFields_ShowsEveryField(t *testing.T) {
	s, _, _ := newTestSession(formatTable)
	for _, kind := range []string{"virtual_machine", "database"} {
		instance := &inventoryv1.Instance{}
		fill(instance.ProtoReflect())
		message := instance.ProtoReflect()
		details := message.Descriptor().Fields().ByName(protoreflect.Name(kind))
		fill(message.Mutable(details).Message())
		shown := map[string]string{}
		for _, f := range s.instanceFields(instance) {
			if f.value != "" {
				shown[f.name] = f.value
			}
		}
		for _, path := range protofields.Paths(message.Descriptor()) {
			other := strings.HasPrefix(path, "virtual_machine.") && kind != "virtual_machine" || strings.HasPrefix(path, "database.") && kind != "database"
			if other || slices.Contains(instanceHidden, path) {
				continue
			}
			if shown[instanceTitle(path)] == "" {
				t.Errorf("%s: the view lacks %s (%s)", kind, path, instanceTitle(path))
			}
		}
		if got := shown["state"]; !strings.Contains(got, "the provider_state") {
			t.Errorf("state is %q", got)
		}
	}
}

// TestInstanceFields_TablesMatchProto fails for an entry of the tables that is not a field.
func TestInstanceFields_TablesMatchProto(t *testing.T) {
	paths := protofields.Paths((&inventoryv1.Instance{}).ProtoReflect().Descriptor())
	paths = append(paths, "virtual_machine", "database")
	check := func(table, path string) {
		if !slices.Contains(paths, path) {
			t.Errorf("%s has %s, which is not a field", table, path)
		}
	}
	for _, path := range instanceOrder {
		check("instanceOrder", path)
	}
	for _, path := range instanceHidden {
		check("instanceHidden", path)
	}
	for path := range instanceTitles {
		check("instanceTitles", path)
	}
	for path := range instanceTexts {
		check("instanceTexts", path)
	}
}
