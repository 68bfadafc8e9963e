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

// fieldMask lists the fields that an update replaces (AIP-134). It never has fields that only the
// server sets.
type fieldMask []fieldPath

// fieldPath leads from a message to one of its fields, or to a field of a part of it. With a key,
// it leads to that entry of the map at its end.
type fieldPath struct {
	fields []protoreflect.FieldDescriptor
	key    string
}

// parseMask parses the paths of an update mask, in the spelling of the contract or of its JSON
// form; `labels.env` is one label. Without paths, the mask has the fields that are set in patch;
// `*` is every field. An unknown path is a fault.
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

// populated returns the mask of all fields that are set in a message, with prefix before each.
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

// everything returns the mask of all fields of a message.
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

// apply replaces the fields of the mask in dst by those in src.
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

// replace replaces a field in dst by that in src. An immutable field that src leaves out stays: its
// removal can't have been intended.
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

// isPart reports whether a field is a message of the contract, whose fields a mask may name one by
// one.
func isPart(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && !field.IsList() && !field.IsMap() &&
		field.Message().FullName().Parent() != "google.protobuf"
}

// isServersOwn reports whether a client's value of the field is ignored: the name and the etag,
// which identify the account and its version, and all output-only fields (AIP-203).
func isServersOwn(field protoreflect.FieldDescriptor) bool {
	return has(field, annotations.FieldBehavior_OUTPUT_ONLY) || has(field, annotations.FieldBehavior_IDENTIFIER) ||
		field.FullName() == "rollcall.accounts.v1.Account.etag"
}

func has(field protoreflect.FieldDescriptor, behavior annotations.FieldBehavior) bool {
	behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return slices.Contains(behaviors, behavior)
}
