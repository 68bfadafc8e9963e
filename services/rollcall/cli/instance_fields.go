package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
	"github.com/rollcall-dev/rollcall/services/internal/protofields"
)

// The view of an instance shows every field of the proto message. A new field appears by itself,
// after the fields of instanceOrder, with a title and a text derived from its name and type. The
// tables below are only for fields that need more than that.

// instanceOrder lists the fields that come first, and virtual_machine and database for all of their
// fields.
var instanceOrder = []string{
	"display_name", "state", "kind", "machine_type", "provider", "account", "location.region", "location.zone", "private_ips", "public_ips",
	"virtual_machine", "database", "labels.KEY", "provider_id", "provider_uri", "name",
	"create_time", "first_seen_time", "change_time", "observe_time", "gone_time",
}

// instanceTitles has the titles of fields that are not the last part of their name.
var instanceTitles = map[string]string{
	"display_name": "name", "name": "instance", "labels.KEY": "labels",
	"create_time": "created", "first_seen_time": "first seen", "change_time": "changed", "observe_time": "observed", "gone_time": "gone",
	"virtual_machine.autoscaling_group": "scaling group", "virtual_machine.start_time": "started",
	"database.storage_gib": "storage", "database.auto_restart_time": "restarts automatically",
}

// instanceTexts has the texts of fields that depend on more than their value.
var instanceTexts = map[string]func(s *session, i *inventoryv1.Instance) string{
	"name":     func(_ *session, i *inventoryv1.Instance) string { return clean(i.GetName()) },
	"account":  func(_ *session, i *inventoryv1.Instance) string { return clean(id(accountsCollection, i.GetAccount())) },
	"kind":     func(_ *session, i *inventoryv1.Instance) string { return enumText(i.GetKind().String()) },
	"provider": func(_ *session, i *inventoryv1.Instance) string { return i.GetProvider().String() },
	"state": func(s *session, i *inventoryv1.Instance) string {
		text := s.outStyle.state(i.GetState().String())
		if state := i.GetProviderState(); state != "" {
			text += s.outStyle.dim(fmt.Sprintf(" (%s)", clean(state)))
		}
		return text
	},
	"database.engine": func(_ *session, i *inventoryv1.Instance) string {
		return clean(strings.TrimSpace(i.GetDatabase().GetEngine() + " " + i.GetDatabase().GetEngineVersion()))
	},
	"database.storage_gib": func(_ *session, i *inventoryv1.Instance) string {
		if i.GetDatabase().GetStorageGib() == 0 {
			return ""
		}
		return humanize.Number(i.GetDatabase().GetStorageGib()) + " GiB"
	},
	"database.endpoint": func(_ *session, i *inventoryv1.Instance) string {
		if i.GetDatabase().GetEndpoint() == "" {
			return ""
		}
		return clean(fmt.Sprintf("%s:%d", i.GetDatabase().GetEndpoint(), i.GetDatabase().GetPort()))
	},
}

// instanceHidden has the fields that are part of the text of another field, and the etag, which
// people don't need.
var instanceHidden = []string{"provider_state", "database.engine_version", "database.port", "etag"}

// instanceFields returns the fields of an instance with their titles and texts.
func (s *session) instanceFields(i *inventoryv1.Instance) []field {
	paths := protofields.Paths(i.ProtoReflect().Descriptor())
	position := func(path string) int {
		message, _, _ := strings.Cut(path, ".")
		for n, first := range instanceOrder {
			if first == path || first == message {
				return n
			}
		}
		return len(instanceOrder)
	}
	slices.SortStableFunc(paths, func(a, b string) int { return cmp.Compare(position(a), position(b)) })
	var fields []field
	for _, path := range paths {
		if !slices.Contains(instanceHidden, path) {
			fields = append(fields, field{instanceTitle(path), s.instanceText(i, path)})
		}
	}
	return fields
}

// instanceTitle returns the title of a field.
func instanceTitle(path string) string {
	if title, ok := instanceTitles[path]; ok {
		return title
	}
	return strings.ReplaceAll(path[strings.LastIndexByte(path, '.')+1:], "_", " ")
}

// instanceText returns the text of a field, or "" if it is not set.
func (s *session) instanceText(i *inventoryv1.Instance, path string) string {
	if text, ok := instanceTexts[path]; ok {
		return text(s, i)
	}
	message := i.ProtoReflect()
	names := strings.Split(strings.TrimSuffix(path, ".KEY"), ".")
	for _, name := range names[:len(names)-1] {
		message = message.Get(message.Descriptor().Fields().ByName(protoreflect.Name(name))).Message()
	}
	field := message.Descriptor().Fields().ByName(protoreflect.Name(names[len(names)-1]))
	if !message.Has(field) {
		return ""
	}
	return s.valueOf(field, message.Get(field))
}

// valueOf returns the text of a value according to its type.
func (s *session) valueOf(field protoreflect.FieldDescriptor, value protoreflect.Value) string {
	switch {
	case field.IsMap():
		labels := map[string]string{}
		value.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
			labels[key.String()] = v.String()
			return true
		})
		return labelText(labels)
	case field.IsList():
		var texts []string
		for n := range value.List().Len() {
			texts = append(texts, value.List().Get(n).String())
		}
		return clean(strings.Join(texts, ", "))
	case field.Kind() == protoreflect.BoolKind:
		return "yes" // A value that is not set is not shown.
	case field.Kind() == protoreflect.EnumKind:
		return enumText(string(field.Enum().Values().ByNumber(value.Enum()).Name()))
	case field.Message() != nil:
		if t, ok := value.Message().Interface().(*timestamppb.Timestamp); ok {
			return s.stamp(t)
		}
	}
	return clean(value.String())
}
