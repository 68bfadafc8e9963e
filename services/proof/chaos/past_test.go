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

// image is the roll as it was seen at a time at which nothing happened to it.
type image struct {
	at   *timestamppb.Timestamp
	roll []*inventoryv1.Instance // by name, gone ones too
}

// mostPast bounds how many images are kept, and so the memory of a long episode.
const mostPast = 6

// lookBack holds the past as the roll tells it against what was seen then, and
// the changes of instances against what these are.
func (e *episode) lookBack(ctx context.Context) {
	for n, past := range e.past {
		if err := insist(ctx, func(ctx context.Context) error { return e.lookAt(ctx, past) }); err != nil {
			e.report(pastIs, "image %d of %d: %v", n+1, len(e.past), err)
			return
		}
	}
	latest := e.past[len(e.past)-1]
	for n, i := range latest.roll {
		if (n+len(e.past))%4 != 0 { // a quarter of them, other ones each time
			continue
		}
		if err := insist(ctx, func(ctx context.Context) error { return e.checkChanges(ctx, i, latest.at) }); err != nil {
			e.report(changesTell, "%s: %v", describe(i), err)
			return
		}
	}
	if len(e.past) > mostPast { // the oldest stays, and the newest
		e.past = slices.Delete(e.past, 1, 2)
	}
}

// lookAt reads the roll as of an image's time.
func (e *episode) lookAt(ctx context.Context, past image) error {
	roll := e.inventory[len(e.past)%2]
	then, err := instancesOf(ctx, roll, &inventoryv1.ListInstancesRequest{ShowGone: true, AsOf: past.at})
	if err != nil {
		return err
	}
	e.checks.Add(int64(len(then)))
	if found := differPast(past.roll, then); found != "" {
		return fmt.Errorf("as of %v: %s", past.at.AsTime(), found)
	}
	counted, err := roll.AggregateInstances(ctx, &inventoryv1.AggregateInstancesRequest{GroupBy: []string{"state"}, AsOf: past.at})
	if err != nil {
		return err
	}
	want := map[string]int64{}
	for _, i := range past.roll {
		if i.GetState() != inventoryv1.Instance_GONE {
			want[i.GetState().String()]++
		}
	}
	for _, group := range counted.GetGroups() {
		want[group.GetValues()[0]] -= group.GetCount()
	}
	for state, n := range want {
		if n != 0 {
			return fmt.Errorf("as of %v: %d of %s too few are counted", past.at.AsTime(), n, state)
		}
	}
	one := past.roll[int(past.at.GetNanos())%len(past.roll)]
	got, err := roll.GetInstance(ctx, &inventoryv1.GetInstanceRequest{Name: one.GetName(), AsOf: past.at})
	if err == nil && !same(got, one) {
		err = fmt.Errorf("as of %v: got %v, it was %v", past.at.AsTime(), got, one)
	}
	return err
}

// differPast tells how two rolls, each by name, differ.
func differPast(saw, told []*inventoryv1.Instance) string {
	told = byName(told)
	if len(saw) != len(told) {
		return fmt.Sprintf("%d instances were seen, %d are told of", len(saw), len(told))
	}
	for n, i := range saw {
		if !same(i, told[n]) {
			return fmt.Sprintf("seen was %v, told of is %v", i, told[n])
		}
	}
	return ""
}

// checkChanges follows the changes of an instance, newest first, from what it is
// to its beginning.
func (e *episode) checkChanges(ctx context.Context, i *inventoryv1.Instance, now *timestamppb.Timestamp) error {
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
	e.checks.Add(int64(len(all)))
	return follow(i, all, now)
}

// follow undoes changes, newest first, beginning with what an instance is: each
// must have led to what was there before it was undone, and the last one undone
// must be the creation.
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
			return fmt.Errorf("of %d changes, the one %d before the last is %v", len(newestFirst), n, change.GetType())
		}
		for _, field := range change.GetFields() {
			if got := valueAt(state, field.GetField()); !equalValues(got, field.GetTo()) {
				return fmt.Errorf("change %d made %s %v, and it is %v before anything else changed it", revision, field.GetField(), field.GetTo(), got)
			}
			put(state, field.GetField(), field.GetFrom())
		}
	}
	if len(newestFirst) == 0 {
		return fmt.Errorf("it has no changes")
	}
	return nil
}

// fieldsOf is an instance in its JSON form.
func fieldsOf(i *inventoryv1.Instance) (*structpb.Struct, error) {
	text, err := protojson.Marshal(i)
	if err != nil {
		return nil, err
	}
	fields := &structpb.Struct{}
	return fields, protojson.Unmarshal(text, fields)
}

// valueAt is the value at a path, nil when there is none.
func valueAt(fields *structpb.Struct, path string) *structpb.Value {
	name, rest, deeper := strings.Cut(path, ".")
	value := fields.GetFields()[name]
	if !deeper || value == nil {
		return value
	}
	return valueAt(value.GetStructValue(), rest)
}

// put sets the value at a path; nil takes it away.
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

// equalValues compares two values; what is empty is not there.
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
