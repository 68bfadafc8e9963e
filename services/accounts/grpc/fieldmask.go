package grpc

import (
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// fieldMask is the list of fields that an update replaces (AIP-134). Fields
// that only the server sets are never among them.
type fieldMask []fieldPath

// fieldPath leads from a message to one of its fields, or of its fields'
// fields. With a key, it leads to that entry of the map at its end.
type fieldPath struct {
	fields []protoreflect.FieldDescriptor
	key    string
}

// parseMask reads the paths of an update mask, in the spelling of the contract
// or of its JSON form; `labels.env` is one label. Without paths, the mask is
// what patch has set; `*` is every field. An unknown path is a fault.
func parseMask(patch *accountsv1.Account, paths []string) (fieldMask, error) {
	message := patch.ProtoReflect()
	if len(paths) == 0 {
		return populated(message, nil), nil
	}
	if slices.Equal(paths, []string{"*"}) {
		return everything(message.Descriptor()), nil
	}
	var mask fieldMask
	for _, text := range paths {
		path, ok := parsePath(message.Descriptor(), text)
		if !ok {
			return nil, fault.Invalid("update_mask", "%q is no field of an account", text)
		}
		if !slices.ContainsFunc(path.fields, isServersOwn) {
			mask = append(mask, path)
		}
	}
	return mask, nil
}

// populated is the mask of all that is set in a message below prefix.
func populated(message protoreflect.Message, prefix []protoreflect.FieldDescriptor) fieldMask {
	var mask fieldMask
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		path := append(slices.Clone(prefix), field)
		switch {
		case isServersOwn(field):
		case isPart(field) && isPopulated(value.Message()):
			mask = append(mask, populated(value.Message(), path)...)
		default:
			mask = append(mask, fieldPath{fields: path})
		}
		return true
	})
	return mask
}

func isPopulated(message protoreflect.Message) bool {
	populated := false
	message.Range(func(protoreflect.FieldDescriptor, protoreflect.Value) bool {
		populated = true
		return false
	})
	return populated
}

// everything is the mask of all fields of a message.
func everything(message protoreflect.MessageDescriptor) fieldMask {
	var mask fieldMask
	for i := range message.Fields().Len() {
		if field := message.Fields().Get(i); !isServersOwn(field) {
			mask = append(mask, fieldPath{fields: []protoreflect.FieldDescriptor{field}})
		}
	}
	return mask
}

func parsePath(message protoreflect.MessageDescriptor, text string) (fieldPath, bool) {
	var path fieldPath
	name, rest, more := strings.Cut(text, ".")
	for {
		field := message.Fields().ByName(protoreflect.Name(name))
		if field == nil {
			field = message.Fields().ByJSONName(name)
		}
		if field == nil {
			return path, false
		}
		path.fields = append(path.fields, field)
		switch {
		case !more:
			return path, true
		case field.IsMap():
			path.key = rest
			return path, rest != ""
		case !isPart(field):
			return path, false
		}
		message = field.Message()
		name, rest, more = strings.Cut(rest, ".")
	}
}

// apply replaces the fields of the mask in dst by what they are in src.
func (m fieldMask) apply(dst, src *accountsv1.Account) {
	for _, path := range m {
		path.apply(dst.ProtoReflect(), src.ProtoReflect())
	}
}

func (p fieldPath) apply(dst, src protoreflect.Message) {
	last := len(p.fields) - 1
	for _, field := range p.fields[:last] {
		if !src.Has(field) && !dst.Has(field) {
			return
		}
		dst, src = dst.Mutable(field).Message(), src.Get(field).Message()
	}
	if p.key != "" {
		replaceEntry(dst, src, p.fields[last], protoreflect.ValueOfString(p.key).MapKey())
		return
	}
	replace(dst, src, p.fields[last])
}

func replaceEntry(dst, src protoreflect.Message, field protoreflect.FieldDescriptor, key protoreflect.MapKey) {
	entries := dst.Mutable(field).Map()
	if from := src.Get(field).Map(); from.Has(key) {
		entries.Set(key, from.Get(key))
	} else {
		entries.Clear(key)
	}
}

// replace makes a field in dst what it is in src. An immutable field that src
// leaves out stays: it can't have been meant to go.
func replace(dst, src protoreflect.Message, field protoreflect.FieldDescriptor) {
	switch {
	case !src.Has(field):
		if !has(field, annotations.FieldBehavior_IMMUTABLE) {
			dst.Clear(field)
		}
	case isPart(field) && dst.Has(field):
		from, to := src.Get(field).Message(), dst.Mutable(field).Message()
		for _, path := range everything(field.Message()) {
			path.apply(to, from)
		}
	default:
		dst.Set(field, src.Get(field))
	}
}

// isPart tells whether a field is a message of the contract, whose fields a
// mask may name one by one.
func isPart(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && !field.IsList() && !field.IsMap() &&
		field.Message().FullName().Parent() != "google.protobuf"
}

// isServersOwn tells whether a client's value of the field is ignored: the name
// says which account, the etag which state of it, the rest is output only
// (AIP-203).
func isServersOwn(field protoreflect.FieldDescriptor) bool {
	return has(field, annotations.FieldBehavior_OUTPUT_ONLY) || has(field, annotations.FieldBehavior_IDENTIFIER) ||
		field.FullName() == "rollcall.accounts.v1.Account.etag"
}

func has(field protoreflect.FieldDescriptor, behavior annotations.FieldBehavior) bool {
	behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return slices.Contains(behaviors, behavior)
}
