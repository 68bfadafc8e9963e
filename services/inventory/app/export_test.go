package app_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// exported is a complete answer of ExportInstances.
type exported struct {
	instances []*inventoryv1.Instance
	messages  []*inventoryv1.ExportInstancesResponse
}

func (s *service) export(t testing.TB, req *inventoryv1.ExportInstancesRequest) (exported, error) {
	t.Helper()
	stream, err := s.ExportInstances(dbtest.Context(t), req)
	if err != nil {
		t.Fatal(err)
	}
	var all exported
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all.messages = append(all.messages, message)
		all.instances = append(all.instances, message.GetInstances()...)
	}
}

func inOrderOfName(a, b *inventoryv1.Instance) int { return strings.Compare(a.GetName(), b.GetName()) }

// filled sets all fields of a message that an observation can have.
func filled(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for n := range fields.Len() {
		switch field := fields.Get(n); field.Kind() {
		case protoreflect.StringKind:
			m.Set(field, protoreflect.ValueOfString("the "+string(field.Name())+" \"é\u00a0\\\n\""))
		case protoreflect.BoolKind:
			m.Set(field, protoreflect.ValueOfBool(true))
		case protoreflect.Int32Kind:
			m.Set(field, protoreflect.ValueOfInt32(5432))
		case protoreflect.Int64Kind:
			m.Set(field, protoreflect.ValueOfInt64(1<<40))
		case protoreflect.MessageKind:
			m.Set(field, protoreflect.ValueOfMessage(timestamppb.New(at(3).Add(123456*time.Microsecond)).ProtoReflect()))
		}
	}
}

// Lists and exports return each instance as GetInstance does, with every field, although they
// encode it in another way.
func TestListsAndExportsAgree(t *testing.T) {
	t.Parallel()
	s := start(t)
	full := machine(region, 1)
	filled(full.GetVirtualMachine().ProtoReflect())
	full.Labels, full.PublicIps = unusualTexts(), []string{"198.51.100.1", "2001:db8::1"}
	database := machine(region, 2)
	database.Details = &inventoryv1.Instance_Database{Database: &inventoryv1.Database{}}
	filled(database.GetDatabase().ProtoReflect())
	gone := machine(region, 3)
	others := []*inventoryv1.Instance{full, {ProviderId: "bare"}, {ProviderId: "old", CreateTime: timestamppb.New(time.Date(1969, 1, 1, 0, 0, 0, 999e6, time.UTC))}}
	s.apply(t, observation(account, region, 1), append(machines(region, 10, 3000), append(others, gone)...)...)
	s.apply(t, observation(account, region, 2), append(machines(region, 10, 3000), others...)...)
	databases := observation(account, region, 1)
	databases.Kind = commonv1.Kind_DATABASE
	s.apply(t, databases, database)

	list := s.list(t, &inventoryv1.ListInstancesRequest{ShowGone: true, PageSize: 1000})
	all, err := s.export(t, &inventoryv1.ExportInstancesRequest{ShowGone: true})
	if err != nil {
		t.Fatal(err)
	}
	if last := all.messages[len(all.messages)-1]; last.InstanceCount == nil || last.GetInstanceCount() != int64(len(list)) || len(all.messages) < 3 {
		t.Errorf("%d messages, the last says %v; %d are listed", len(all.messages), last.InstanceCount, len(list))
	}
	if first := all.messages[0]; !proto.Equal(first.GetFreshness().GetOldestObserveTime(), timestamppb.New(at(1))) || len(first.GetInstances()) != 0 {
		t.Errorf("the first message is %v", first)
	}
	slices.SortFunc(list, inOrderOfName)
	slices.SortFunc(all.instances, inOrderOfName)
	if len(list) != len(all.instances) || len(list) != 2995 {
		t.Fatalf("%d are listed, %d exported", len(list), len(all.instances))
	}
	set := map[protoreflect.FullName]bool{}
	for n, i := range list {
		if !proto.Equal(i, all.instances[n]) {
			t.Fatalf("listed %v\nexported %v", i, all.instances[n])
		}
		if id := i.GetProviderId(); strings.HasPrefix(id, "i-") && id > machine(region, 20).GetProviderId() {
			continue
		}
		got, err := s.GetInstance(t.Context(), &inventoryv1.GetInstanceRequest{Name: i.GetName()})
		if err != nil || !proto.Equal(got, i) {
			t.Errorf("listed %v\ngot %v, %v", i, got, err)
		}
		noteSet(got.ProtoReflect(), set)
	}
	checkAllSet(t, (&inventoryv1.Instance{}).ProtoReflect().Descriptor(), set)
}

// noteSet records which fields of a message, and of the messages inside, are set.
func noteSet(m protoreflect.Message, set map[protoreflect.FullName]bool) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		set[field.FullName()] = true
		if field.Message() != nil && !field.IsMap() && !field.IsList() {
			noteSet(value.Message(), set)
		}
		return true
	})
}

// checkAllSet finds the fields that the test never sets.
func checkAllSet(t *testing.T, m protoreflect.MessageDescriptor, set map[protoreflect.FullName]bool) {
	t.Helper()
	fields := m.Fields()
	for n := range fields.Len() {
		field := fields.Get(n)
		if !set[field.FullName()] {
			t.Errorf("%s is never set", field.FullName())
		}
		if message := field.Message(); message != nil && strings.HasPrefix(string(message.FullName()), "rollcall.") && !field.IsMap() {
			checkAllSet(t, message, set)
		}
	}
}

func TestExportInstances(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), machines(region, 0, 50)...)
	s.fail(t, observation(account, "us-east-1", 1), "THROTTLED")

	all, err := s.export(t, &inventoryv1.ExportInstancesRequest{Filter: `labels.team = "data"`})
	if err != nil || len(all.instances) != 25 {
		t.Fatalf("%d instances, %v", len(all.instances), err)
	}
	if names := all.messages[0].GetUnreachable(); len(names) != 1 || !strings.Contains(names[0], "us-east-1") {
		t.Errorf("unreachable are %v", names)
	}
	if all, err = s.export(t, &inventoryv1.ExportInstancesRequest{Filter: `state = STOPPED`}); err != nil || len(all.instances) != 0 ||
		all.messages[len(all.messages)-1].InstanceCount == nil {
		t.Errorf("of nothing: %v, %v", all.messages, err)
	}
	for want, req := range map[codes.Code]*inventoryv1.ExportInstancesRequest{
		codes.InvalidArgument:    {Filter: "nonsense = 1"},
		codes.FailedPrecondition: {MaxStaleness: durationpb.New(time.Second)},
	} {
		if _, err := s.export(t, req); status.Code(err) != want {
			t.Errorf("%v: got %v, want %s", req, err, want)
		}
	}
}

// Only a few exports run at once. One more is refused, and one that is cancelled makes room.
func TestExportInstances_TooMany(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), machines(region, 0, 5000)...)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for { // each blocks because its client stops reading
		stream, err := s.ExportInstances(ctx, &inventoryv1.ExportInstancesRequest{})
		if err == nil {
			_, err = stream.Recv()
		}
		if status.Code(err) == codes.ResourceExhausted {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	leave()
	for {
		all, err := s.export(t, &inventoryv1.ExportInstancesRequest{})
		if status.Code(err) == codes.ResourceExhausted {
			continue // the others end a moment later
		}
		if err != nil || len(all.instances) != 5000 {
			t.Errorf("%d instances, %v", len(all.instances), err)
		}
		return
	}
}
