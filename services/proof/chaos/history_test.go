package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// snapshot is the inventory at a time at which it did not change.
type snapshot struct {
	at        *timestamppb.Timestamp
	instances []*inventoryv1.Instance // by name, with gone instances
}

// maxSnapshots limits the number of snapshots, and so the memory of a long scenario.
const maxSnapshots = 6

// checkHistory compares past states of the inventory with snapshots of them, and the changes of
// instances with their states.
func (e *scenario) checkHistory(ctx context.Context) {
	for n, past := range e.snapshots {
		if err := retryWhileUnavailable(ctx, func(ctx context.Context) error { return e.checkSnapshot(ctx, past) }); err != nil {
			e.oracle.report(historyMatches, "snapshot %d of %d: %v", n+1, len(e.snapshots), err)
			return
		}
	}
	latest := e.snapshots[len(e.snapshots)-1]
	for n, i := range latest.instances {
		if (n+len(e.snapshots))%4 != 0 { // a quarter of them, others each time
			continue
		}
		if err := retryWhileUnavailable(ctx, func(ctx context.Context) error { return e.checkChanges(ctx, i, latest.at) }); err != nil {
			e.oracle.report(changesMatch, "%s: %v", describe(i), err)
			return
		}
	}
	if len(e.snapshots) > maxSnapshots { // keep the oldest and the newest
		e.snapshots = slices.Delete(e.snapshots, 1, 2)
	}
}

// checkSnapshot reads the inventory as of the time of a snapshot.
func (e *scenario) checkSnapshot(ctx context.Context, past snapshot) error {
	client := e.inventory[len(e.snapshots)%2]
	then, err := instancesOf(ctx, client, &inventoryv1.ListInstancesRequest{ShowGone: true, AsOf: past.at})
	if err != nil {
		return err
	}
	e.oracle.checks.Add(int64(len(then)))
	if found := differSnapshots(past.instances, then); found != "" {
		return fmt.Errorf("as of %v: %s", past.at.AsTime(), found)
	}
	counted, err := client.AggregateInstances(ctx, &inventoryv1.AggregateInstancesRequest{GroupBy: []string{"state"}, AsOf: past.at})
	if err != nil {
		return err
	}
	want := map[string]int64{}
	for _, i := range past.instances {
		if i.GetState() != inventoryv1.Instance_GONE {
			want[i.GetState().String()]++
		}
	}
	for _, group := range counted.GetGroups() {
		want[group.GetValues()[0]] -= group.GetCount()
	}
	for state, n := range want {
		if n != 0 {
			return fmt.Errorf("as of %v: the count is too small by %d for %s", past.at.AsTime(), n, state)
		}
	}
	one := past.instances[int(past.at.GetNanos())%len(past.instances)]
	got, err := client.GetInstance(ctx, &inventoryv1.GetInstanceRequest{Name: one.GetName(), AsOf: past.at})
	if err == nil && !same(got, one) {
		err = fmt.Errorf("as of %v: got %v, it was %v", past.at.AsTime(), got, one)
	}
	return err
}

// differSnapshots returns the first difference between two lists of instances sorted by name, "" if
// there is none.
func differSnapshots(saw, received []*inventoryv1.Instance) string {
	received = byName(received)
	if len(saw) != len(received) {
		return fmt.Sprintf("the snapshot has %d instances, the inventory %d", len(saw), len(received))
	}
	for n, i := range saw {
		if !same(i, received[n]) {
			return fmt.Sprintf("the snapshot has %v, the inventory %v", i, received[n])
		}
	}
	return ""
}

// checkChanges follows the changes of an instance from its present state to its creation.
func (e *scenario) checkChanges(ctx context.Context, i *inventoryv1.Instance, now *timestamppb.Timestamp) error {
	var all []*inventoryv1.InstanceChange
	for request := (&inventoryv1.ListInstanceChangesRequest{Parent: i.GetName(), PageSize: 3}); ; {
		answer, err := e.inventory[0].ListInstanceChanges(ctx, request)
		if err != nil {
			return err
		}
		all = append(all, answer.GetChanges()...)
		if request.PageToken = answer.GetNextPageToken(); request.PageToken == "" {
			break
		}
	}
	e.oracle.checks.Add(int64(len(all)))
	return follow(i, all, now)
}

// follow undoes changes, newest first, beginning with the present state of an instance. Each must
// have led to the state before it was undone, and the last must be the creation.
func follow(i *inventoryv1.Instance, newestFirst []*inventoryv1.InstanceChange, now *timestamppb.Timestamp) error {
	state, err := fieldsOf(i)
	if err != nil {
		return err
	}
	revision, at := int64(1)<<62, now.AsTime()
	for n, change := range newestFirst {
		if change.GetRevision() >= revision || change.GetCommitTime().AsTime().After(at) {
			return fmt.Errorf("change %d at %v comes after %d at %v", change.GetRevision(), change.GetCommitTime().AsTime(), revision, at)
		}
		revision, at = change.GetRevision(), change.GetCommitTime().AsTime()
		if first := n == len(newestFirst)-1; first != (change.GetType() == inventoryv1.InstanceChange_CREATED) {
			return fmt.Errorf("of %d changes, number %d from the newest is %v", len(newestFirst), n, change.GetType())
		}
		for _, field := range change.GetFields() {
			if got := valueAt(state, field.GetField()); !equalValues(got, field.GetTo()) {
				return fmt.Errorf("change %d set %s to %v, but the value before the next change is %v", revision, field.GetField(), field.GetTo(), got)
			}
			put(state, field.GetField(), field.GetFrom())
		}
	}
	if len(newestFirst) == 0 {
		return fmt.Errorf("it has no changes")
	}
	return nil
}

// fieldsOf returns the JSON form of an instance.
func fieldsOf(i *inventoryv1.Instance) (*structpb.Struct, error) {
	text, err := protojson.Marshal(i)
	if err != nil {
		return nil, err
	}
	fields := &structpb.Struct{}
	return fields, protojson.Unmarshal(text, fields)
}

// valueAt returns the value at a path, nil if there is none.
func valueAt(fields *structpb.Struct, path string) *structpb.Value {
	name, rest, deeper := strings.Cut(path, ".")
	value := fields.GetFields()[name]
	if !deeper || value == nil {
		return value
	}
	return valueAt(value.GetStructValue(), rest)
}

// put sets the value at a path; nil removes it.
func put(fields *structpb.Struct, path string, value *structpb.Value) {
	name, rest, deeper := strings.Cut(path, ".")
	if fields.Fields == nil {
		fields.Fields = map[string]*structpb.Value{}
	}
	if !deeper {
		fields.Fields[name] = value
		return
	}
	inner := fields.Fields[name].GetStructValue()
	if inner == nil {
		inner = &structpb.Struct{}
		fields.Fields[name] = structpb.NewStructValue(inner)
	}
	put(inner, rest, value)
}

// equalValues compares two values. Empty and missing values are equal.
func equalValues(a, b *structpb.Value) bool {
	if isEmpty(a) || isEmpty(b) {
		return isEmpty(a) && isEmpty(b)
	}
	return proto.Equal(a, b)
}

func isEmpty(v *structpb.Value) bool {
	switch kind := v.GetKind().(type) {
	case nil, *structpb.Value_NullValue:
		return true
	case *structpb.Value_StringValue:
		return kind.StringValue == ""
	case *structpb.Value_BoolValue:
		return !kind.BoolValue
	case *structpb.Value_NumberValue:
		return kind.NumberValue == 0
	case *structpb.Value_ListValue:
		return len(kind.ListValue.GetValues()) == 0
	case *structpb.Value_StructValue:
		return len(kind.StructValue.GetFields()) == 0
	}
	return false
}
