package grpc

import (
	"reflect"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// detailSection connects a section of details to its message.
type detailSection struct {
	section inventory.Section
	// message is the field of Instance that holds it.
	message protoreflect.FieldDescriptor
	fields  []detailField
}

// detailField connects a field to the field of the generated struct, by its index there.
type detailField struct {
	field *inventory.Field
	index int
}

// detailSections are all of them. Fields without a counterpart are left out; a test finds those.
var detailSections = func() (all []detailSection) {
	instance := (&inventoryv1.Instance{}).ProtoReflect()
	for _, section := range inventory.DetailSections() {
		message := instance.Descriptor().Fields().ByName(protoreflect.Name(section.Path()))
		s := detailSection{section: section, message: message}
		indexes := structFields(instance.NewField(message).Message())
		for _, f := range section.Fields() {
			if index, ok := indexes[f.Name]; ok {
				s.fields = append(s.fields, detailField{field: f, index: index})
			}
		}
		all = append(all, s)
	}
	return all
}()

// structFields returns the indexes of the fields of a generated struct, by their names in the proto.
func structFields(message protoreflect.Message) map[string]int {
	indexes := map[string]int{}
	of := reflect.TypeOf(message.Interface()).Elem()
	for n := range of.NumField() {
		for part := range strings.SplitSeq(of.Field(n).Tag.Get("protobuf"), ",") {
			if name, ok := strings.CutPrefix(part, "name="); ok {
				indexes[name] = n
			}
		}
	}
	return indexes
}

// toDetails sets the details of m to those of i.
func toDetails(m *inventoryv1.Instance, i *inventory.Instance) {
	for n := range detailSections {
		s := &detailSections[n]
		if !s.section.In(i) {
			continue
		}
		message := structOf(m.ProtoReflect().Mutable(s.message))
		for _, f := range s.fields {
			toField(message.Field(f.index).Addr().Interface(), f.field.Pointer(i))
		}
	}
}

// fromDetails sets the details of i to those of m.
func fromDetails(i *inventory.Instance, m *inventoryv1.Instance) {
	for n := range detailSections {
		s := &detailSections[n]
		if !m.ProtoReflect().Has(s.message) {
			continue
		}
		s.section.Add(i)
		message := structOf(m.ProtoReflect().Get(s.message))
		for _, f := range s.fields {
			fromField(f.field.Pointer(i), message.Field(f.index).Addr().Interface())
		}
	}
}

func structOf(value protoreflect.Value) reflect.Value {
	return reflect.ValueOf(value.Message().Interface()).Elem()
}

// toField sets a field of a message. Both are pointers to the values.
func toField(target, value any) {
	switch value := value.(type) {
	case *string:
		*target.(*string) = *value
	case *bool:
		*target.(*bool) = *value
	case *int32:
		*target.(*int32) = *value
	case *int64:
		*target.(*int64) = *value
	case *time.Time:
		*target.(**timestamppb.Timestamp) = toTime(*value)
	}
}

// fromField sets a field of an instance. Both are pointers to the values.
func fromField(target, value any) {
	switch target := target.(type) {
	case *string:
		*target = *value.(*string)
	case *bool:
		*target = *value.(*bool)
	case *int32:
		*target = *value.(*int32)
	case *int64:
		*target = *value.(*int64)
	case *time.Time:
		*target = fromTime(*value.(**timestamppb.Timestamp))
	}
}
