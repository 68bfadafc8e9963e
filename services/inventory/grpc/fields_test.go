package grpc

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/inventorytest"
)

// leaf is a field of the API that holds a value and not a message of fields.
type leaf struct {
	protoreflect.FieldDescriptor
	path, jsonPath string
}

// leaves walks the fields of a message and of the messages inside.
func leaves(message protoreflect.MessageDescriptor, path, jsonPath string) (all []leaf) {
	for n := range message.Fields().Len() {
		d := message.Fields().Get(n)
		l := leaf{d, path + string(d.Name()), jsonPath + d.JSONName()}
		if inside := d.Message(); inside != nil && !d.IsMap() && inside.FullName() != "google.protobuf.Timestamp" {
			all = append(all, leaves(inside, l.path+".", l.jsonPath+".")...)
			continue
		}
		all = append(all, l)
	}
	return all
}

func instanceLeaves() []leaf {
	return leaves((&inventoryv1.Instance{}).ProtoReflect().Descriptor(), "", "")
}

// TestFields_TableHasEveryFieldOfTheAPI compares the table of fields with the proto.
func TestFields_TableHasEveryFieldOfTheAPI(t *testing.T) {
	t.Parallel()
	inAPI := map[string]bool{}
	for _, l := range instanceLeaves() {
		inAPI[l.path] = true
		f := inventory.FieldByPath(l.path)
		if f == nil {
			t.Errorf("%s is in the proto and has no row in inventory/fields.go", l.path)
			continue
		}
		if f.JSONPath != l.jsonPath {
			t.Errorf("%s: JSON path %s, want %s", l.path, f.JSONPath, l.jsonPath)
		}
		if want := typesOf(l); !want[f.Type] {
			t.Errorf("%s: type %d does not fit the proto's %s", l.path, f.Type, l.Kind())
		}
	}
	for _, f := range inventory.Fields() {
		if !inAPI[f.Path] {
			t.Errorf("%s is in inventory/fields.go and not in the proto", f.Path)
		}
	}
}

// typesOf returns the types of the table that fit a field of the API.
func typesOf(l leaf) map[inventory.Type]bool {
	switch {
	case l.IsMap():
		return map[inventory.Type]bool{inventory.TextMap: true}
	case l.IsList():
		return map[inventory.Type]bool{inventory.TextList: true}
	}
	return map[inventory.Type]bool{map[protoreflect.Kind]inventory.Type{
		protoreflect.StringKind: inventory.Text, protoreflect.EnumKind: inventory.Enum, protoreflect.BoolKind: inventory.Bool,
		protoreflect.Int32Kind: inventory.Int32, protoreflect.Int64Kind: inventory.Int64, protoreflect.MessageKind: inventory.Time,
	}[l.Kind()]: true}
}

// full is an instance with a value in every field that this section leaves room for.
func full(section inventory.Section) inventory.Instance {
	i := inventorytest.Full(5, section)
	i.UID, i.Hash = uuid.New(), inventory.Hash{1, 2, 3}
	i.GoneTime = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	return i
}

// TestConvert_EveryField converts instances with a value in every field, in all ways that there are.
func TestConvert_EveryField(t *testing.T) {
	t.Parallel()
	for _, section := range inventory.DetailSections() {
		i := full(section)
		message := toInstance(&i)
		for _, l := range instanceLeaves() {
			if !isOther(section, l.path) && !has(message.ProtoReflect(), l.path) {
				t.Errorf("toInstance leaves %s unset", l.path)
			}
		}
		if listed := viaRecord(t, &i); !proto.Equal(listed, message) {
			t.Errorf("a list writes %v\ntoInstance %v", listed, message)
		}
		var read inventory.Instance
		readInstance(&read, message)
		for _, f := range inventory.Fields() {
			// The provider belongs to the scope, and is not read.
			if f.Role == inventory.Content && f.Path != "provider" && !reflect.DeepEqual(f.Pointer(&read), f.Pointer(&i)) {
				t.Errorf("readInstance does not read %s", f.Path)
			}
		}
	}
}

// isOther reports whether the path is one of the details of another section.
func isOther(section inventory.Section, path string) bool {
	f := inventory.FieldByPath(path)
	return f != nil && f.Section != inventory.Common && f.Section != section
}

func has(message protoreflect.Message, path string) bool {
	name, rest, inside := strings.Cut(path, ".")
	d := message.Descriptor().Fields().ByName(protoreflect.Name(name))
	return message.Has(d) && (!inside || has(message.Get(d).Message(), rest))
}

// viaRecord converts an instance as a list does: from the row of a database to the wire.
func viaRecord(t *testing.T, i *inventory.Instance) *inventoryv1.Instance {
	t.Helper()
	labels, _ := inventory.AppendTextMap(nil, i.Labels, nil)
	e := newEncoder(1)
	if err := e.add(&inventory.Record{
		UID: i.UID, Account: []byte(i.Account), Provider: []byte(i.Provider), Kind: []byte(i.Kind),
		ProviderID: []byte(i.ProviderID), ProviderURI: []byte(i.ProviderURI), DisplayName: []byte(i.DisplayName),
		Region: []byte(i.Region), Zone: []byte(i.Zone), State: []byte(i.State), ProviderState: []byte(i.ProviderState),
		MachineType: []byte(i.MachineType), PrivateIPs: asBytes(i.PrivateIPs), PublicIPs: asBytes(i.PublicIPs),
		Labels: labels, Details: inventory.AppendDetails(nil, i),
		CreateTime: i.CreateTime, FirstSeenTime: i.FirstSeenTime, ChangeTime: i.ChangeTime,
		ObserveTime: i.ObserveTime, GoneTime: i.GoneTime, Hash: i.Hash,
	}); err != nil {
		t.Fatal(err)
	}
	var list inventoryv1.ListInstancesResponse
	if err := proto.Unmarshal(e.out, &list); err != nil || len(list.GetInstances()) != 1 {
		t.Fatalf("%d instances: %v", len(list.GetInstances()), err)
	}
	return list.GetInstances()[0]
}

func asBytes(texts []string) [][]byte {
	list := make([][]byte, len(texts))
	for n, text := range texts {
		list[n] = []byte(text)
	}
	return list
}
