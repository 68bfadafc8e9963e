package chaos

import (
	"context"
	"io"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// faultyInventory is an inventory with configured responses, to test that the oracle detects
// faults. Each call takes the next response; the last one is repeated.
type faultyInventory struct {
	inventoryv1.InventoryServiceClient
	scopes      []*inventoryv1.Scope
	inventories [][]*inventoryv1.Instance
	messages    []*inventoryv1.WatchInstancesResponse
	changes     []*inventoryv1.InstanceChange
	fails       error
}

func next[T any](all *[]T) (answer T) {
	if len(*all) == 0 {
		return answer
	}
	answer = (*all)[0]
	if len(*all) > 1 {
		*all = (*all)[1:]
	}
	return answer
}

func (l *faultyInventory) ListScopes(context.Context, *inventoryv1.ListScopesRequest, ...grpc.CallOption) (*inventoryv1.ListScopesResponse, error) {
	return &inventoryv1.ListScopesResponse{Scopes: []*inventoryv1.Scope{next(&l.scopes)}}, l.fails
}

func (l *faultyInventory) ListInstances(context.Context, *inventoryv1.ListInstancesRequest, ...grpc.CallOption) (*inventoryv1.ListInstancesResponse, error) {
	return &inventoryv1.ListInstancesResponse{Instances: next(&l.inventories)}, l.fails
}

func (l *faultyInventory) AggregateInstances(context.Context, *inventoryv1.AggregateInstancesRequest, ...grpc.CallOption) (*inventoryv1.AggregateInstancesResponse, error) {
	return &inventoryv1.AggregateInstancesResponse{}, nil
}

func (l *faultyInventory) ListInstanceChanges(context.Context, *inventoryv1.ListInstanceChangesRequest, ...grpc.CallOption) (*inventoryv1.ListInstanceChangesResponse, error) {
	return &inventoryv1.ListInstanceChangesResponse{Changes: l.changes}, nil
}

func (l *faultyInventory) WatchInstances(ctx context.Context, _ *inventoryv1.WatchInstancesRequest, _ ...grpc.CallOption) (grpc.ServerStreamingClient[inventoryv1.WatchInstancesResponse], error) {
	return &received{ctx: ctx, messages: l.messages}, nil
}

// messageStream is a stream of messages. After the last, it blocks.
type received struct {
	grpc.ClientStream
	ctx      context.Context
	messages []*inventoryv1.WatchInstancesResponse
}

func (s *received) Recv() (*inventoryv1.WatchInstancesResponse, error) {
	if len(s.messages) == 0 {
		<-s.ctx.Done()
		return nil, io.EOF
	}
	return takeFirst(&s.messages), nil
}

func takeFirst[T any](all *[]T) T {
	first := (*all)[0]
	*all = (*all)[1:]
	return first
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func minute(n int) *timestamppb.Timestamp {
	return timestamppb.New(epoch.Add(time.Duration(n) * time.Minute))
}

const (
	theAccount = "accounts/aws-100000000001"
	theScope   = "scopes/aws-100000000001~virtual-machine~eu-west-1"
)

// webServer is an instance with a version, observed at a minute.
func webServer(version, observed int) *inventoryv1.Instance {
	return &inventoryv1.Instance{
		Name: "instances/web", Account: theAccount, Kind: commonv1.Kind_VIRTUAL_MACHINE, ProviderId: "i-1", DisplayName: "web",
		State: inventoryv1.Instance_RUNNING, ProviderState: "running", MachineType: "m" + strconv.Itoa(version),
		Labels: map[string]string{versionTag: strconv.Itoa(version)}, ObserveTime: minute(observed),
	}
}

func gone(i *inventoryv1.Instance) *inventoryv1.Instance {
	i.State, i.GoneTime = inventoryv1.Instance_GONE, i.ObserveTime
	return i
}

func stopped(i *inventoryv1.Instance) *inventoryv1.Instance {
	i.State, i.ProviderState = inventoryv1.Instance_STOPPED, "stopped"
	return i
}

// webServerInCloud is the content of the cloud: the instance, changed at minutes 0, 2 and 4.
func webServerInCloud() truth {
	cloud := truth{}
	want := webServer(3, 0)
	cloud.add(resource{scope: theScope, want: want, versions: []time.Time{epoch, minute(2).AsTime(), minute(4).AsTime()}})
	return cloud
}

func completeAt(n int) *inventoryv1.Scope {
	return &inventoryv1.Scope{Name: theScope, Account: theAccount, LastCompleteTime: minute(n)}
}

// TestReader detects each kind of fault, and accepts correct responses.
func TestReader(t *testing.T) {
	one := func(i ...*inventoryv1.Instance) []*inventoryv1.Instance { return i }
	for name, c := range map[string]struct {
		faultyInventory faultyInventory
		want            invariant
	}{
		"correct":           {faultyInventory{scopes: []*inventoryv1.Scope{completeAt(5)}, inventories: [][]*inventoryv1.Instance{one(webServer(3, 5))}}, ""},
		"correct, growing":  {faultyInventory{scopes: []*inventoryv1.Scope{completeAt(1), completeAt(3)}, inventories: [][]*inventoryv1.Instance{one(webServer(1, 1)), one(webServer(2, 3))}}, ""},
		"never observed":    {faultyInventory{scopes: []*inventoryv1.Scope{{Name: theScope, Account: theAccount}}}, ""},
		"alive and gone":    {faultyInventory{scopes: []*inventoryv1.Scope{completeAt(5)}, inventories: [][]*inventoryv1.Instance{one(gone(webServer(3, 5)))}}, aliveNotGone},
		"older version":     {faultyInventory{scopes: []*inventoryv1.Scope{completeAt(5)}, inventories: [][]*inventoryv1.Instance{one(webServer(3, 5)), one(webServer(2, 3))}}, neverOlder},
		"older observation": {faultyInventory{scopes: []*inventoryv1.Scope{completeAt(5)}, inventories: [][]*inventoryv1.Instance{one(webServer(3, 6)), one(webServer(3, 5))}}, neverOlder},
		"older scope":       {faultyInventory{scopes: []*inventoryv1.Scope{completeAt(6), completeAt(5)}, inventories: [][]*inventoryv1.Instance{one(webServer(3, 5))}}, neverOlder},
		"missing":           {faultyInventory{scopes: []*inventoryv1.Scope{completeAt(5)}, inventories: [][]*inventoryv1.Instance{nil}}, asObserved},
		"stale":             {faultyInventory{scopes: []*inventoryv1.Scope{completeAt(5)}, inventories: [][]*inventoryv1.Instance{one(webServer(2, 5))}}, asObserved},
		"an internal error": {faultyInventory{fails: status.Error(codes.Internal, "oops")}, readable},
		"unavailable":       {faultyInventory{fails: status.Error(codes.Unavailable, "away")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c0 := newOracle()
			r := &reader{checker: newChecker("the reader", c0, newExemptions()), inventories: []inventoryv1.InventoryServiceClient{&c.faultyInventory},
				cloud: func() (truth, error) { return webServerInCloud(), nil }}
			for range 3 {
				r.once(t.Context())
			}
			wantViolation(t, c0, c.want)
		})
	}
}

// TestReader_Exemptions checks that the effects of the schedule's own steps are not violations.
func TestReader_Exemptions(t *testing.T) {
	exempt := newExemptions()
	j := newChecker("the reader", newOracle(), exempt)
	exempt.remove(theAccount)
	goneReading := reading{instances: []*inventoryv1.Instance{gone(webServer(3, 5))}, cloud: webServerInCloud()}
	j.check(goneReading)
	exempt.restore(theAccount)
	goneReading.scopes = map[string]*inventoryv1.Scope{theScope: completeAt(5)} // from before its removal
	j.check(goneReading)
	wantViolation(t, j.oracle, "")
	goneReading.scopes[theScope].LastCompleteTime = timestamppb.New(time.Now().Add(time.Minute))
	j.check(goneReading)
	wantViolation(t, j.oracle, aliveNotGone)

	exempt = newExemptions()
	j = newChecker("the reader", newOracle(), exempt)
	end := exempt.startFalseLists(func(scope string) bool { return scope == theScope })
	missing := reading{scopes: map[string]*inventoryv1.Scope{theScope: completeAt(5)}, cloud: webServerInCloud()}
	j.check(missing)
	end()
	wantViolation(t, j.oracle, "")
	missing.scopes[theScope].LastCompleteTime = timestamppb.New(time.Now().Add(time.Minute))
	j.check(missing)
	wantViolation(t, j.oracle, asObserved)
}

func wantViolation(t *testing.T, c *oracle, want invariant) {
	t.Helper()
	var got invariant
	if broken := c.firstViolation(); broken != nil {
		got = broken.Invariant
	}
	if got != want {
		t.Errorf("the violation is %q, want %q", got, want)
	}
}

// message returns a message of a watch.
func message(kind inventoryv1.WatchInstancesResponse_Type, revision int64, i *inventoryv1.Instance) *inventoryv1.WatchInstancesResponse {
	return &inventoryv1.WatchInstancesResponse{Type: kind, Revision: revision, Instance: i, ResumeToken: strconv.FormatInt(revision, 10)}
}

const (
	created    = inventoryv1.WatchInstancesResponse_CREATED
	changed    = inventoryv1.WatchInstancesResponse_CHANGED
	lost       = inventoryv1.WatchInstancesResponse_GONE
	reappeared = inventoryv1.WatchInstancesResponse_REAPPEARED
	existing   = inventoryv1.WatchInstancesResponse_EXISTING
	listed     = inventoryv1.WatchInstancesResponse_LISTED
	heartbeat  = inventoryv1.WatchInstancesResponse_HEARTBEAT
)

// TestWatcher detects each kind of fault, and accepts correct streams.
func TestWatcher(t *testing.T) {
	for name, c := range map[string]struct {
		list     bool
		filter   string
		messages []*inventoryv1.WatchInstancesResponse
		want     invariant
	}{
		"correct": {messages: []*inventoryv1.WatchInstancesResponse{
			message(heartbeat, 7, nil), message(created, 8, webServer(1, 1)), message(changed, 9, webServer(2, 2)), message(lost, 10, gone(webServer(2, 3))),
			message(reappeared, 11, webServer(2, 4)), message(heartbeat, 11, nil),
		}},
		"correct, listed": {list: true, messages: []*inventoryv1.WatchInstancesResponse{
			message(existing, 7, webServer(1, 1)), message(listed, 7, nil), message(changed, 8, webServer(2, 2)),
		}},
		"correct, filtered": {filter: "x", messages: []*inventoryv1.WatchInstancesResponse{
			message(heartbeat, 7, nil), message(changed, 9, webServer(2, 2)), message(changed, 12, webServer(3, 2)), message(heartbeat, 20, nil),
		}},
		"reappeared after it stopped to match": {filter: running.filter, messages: []*inventoryv1.WatchInstancesResponse{
			message(created, 8, webServer(1, 1)), message(changed, 9, stopped(webServer(2, 2))), message(reappeared, 12, webServer(3, 4)),
		}},
		"reappeared without GONE while it matched": {filter: running.filter, messages: []*inventoryv1.WatchInstancesResponse{
			message(created, 8, webServer(1, 1)), message(changed, 9, webServer(2, 2)), message(reappeared, 12, webServer(3, 4)),
		}, want: consistent},
		"missing revision":        {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, webServer(1, 1)), message(changed, 10, webServer(2, 2))}, want: inOrder},
		"repeated revision":       {filter: "x", messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, webServer(1, 1)), message(changed, 8, webServer(2, 2))}, want: inOrder},
		"revision goes back":      {filter: "x", messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, webServer(1, 1)), message(changed, 7, webServer(2, 2))}, want: inOrder},
		"heartbeat goes back":     {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, webServer(1, 1)), message(heartbeat, 7, nil)}, want: inOrder},
		"heartbeat too far":       {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, webServer(1, 1)), message(heartbeat, 9, nil)}, want: inOrder},
		"older after newer":       {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, webServer(2, 2)), message(changed, 9, webServer(1, 3))}, want: neverOlder},
		"created twice":           {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, webServer(1, 1)), message(created, 9, webServer(2, 2))}, want: consistent},
		"gone twice":              {messages: []*inventoryv1.WatchInstancesResponse{message(lost, 8, gone(webServer(1, 1))), message(lost, 9, gone(webServer(1, 2)))}, want: consistent},
		"GONE with a live state":  {messages: []*inventoryv1.WatchInstancesResponse{message(lost, 8, webServer(1, 1))}, want: consistent},
		"reappeared without GONE": {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, webServer(1, 1)), message(reappeared, 9, webServer(1, 2))}, want: consistent},
		"changed before it exists": {list: true, messages: []*inventoryv1.WatchInstancesResponse{
			message(listed, 7, nil), message(changed, 8, webServer(1, 1)),
		}, want: consistent},
		"existing after the end of the list": {list: true, messages: []*inventoryv1.WatchInstancesResponse{message(listed, 7, nil), message(existing, 7, webServer(1, 1))}, want: consistent},
	} {
		t.Run(name, func(t *testing.T) {
			c0 := newOracle()
			v := allInstances
			if v.filter = c.filter; c.filter == running.filter {
				v = running
			}
			w := newWatcher(c0, v, c.list, []inventoryv1.InventoryServiceClient{&faultyInventory{messages: c.messages}})
			e := &scenario{oracle: c0}
			_ = e.runUntil(t.Context(), w, func() bool { return w.received == int64(len(c.messages)) }) // the oracle has the violation
			wantViolation(t, c0, c.want)
		})
	}
}

// TestConvergence compares inventories, replicas and snapshots with and without differences.
func TestConvergence(t *testing.T) {
	cloud := webServerInCloud()
	if v := differ([]*inventoryv1.Instance{webServer(3, 5)}, cloud); v != nil {
		t.Errorf("a correct state is rejected: %v", v)
	}
	other := webServer(3, 5)
	other.ProviderId = "i-2"
	for name, instances := range map[string][]*inventoryv1.Instance{
		"missing": {}, "too much": {webServer(3, 5), other}, "other": {webServer(2, 5)}, "twice": {webServer(3, 5), webServer(3, 5)},
	} {
		if v := differ(instances, cloud); v == nil || v.Invariant != matchesCloud {
			t.Errorf("%s: %v", name, v)
		}
	}

	w := newWatcher(newOracle(), allInstances, true, nil)
	w.take(message(existing, 7, webServer(3, 5)))
	w.take(message(listed, 7, nil))
	if found := w.differences([]*inventoryv1.Instance{webServer(3, 9)}); found != "" {
		t.Errorf("a correct state is rejected: %s", found)
	}
	for name, instances := range map[string][]*inventoryv1.Instance{
		"less": {}, "more": {webServer(3, 5), renamed(other)}, "other": {webServer(2, 5)}, "gone": {gone(webServer(3, 5))},
	} {
		if w.differences(instances) == "" {
			t.Errorf("a replica that differs (%s) is reported as equal", name)
		}
	}
	if differSnapshots([]*inventoryv1.Instance{webServer(3, 5)}, []*inventoryv1.Instance{webServer(3, 6)}) != "" {
		t.Error("an equal snapshot is reported as different")
	}
	for _, received := range [][]*inventoryv1.Instance{nil, {webServer(2, 5)}, {renamed(webServer(3, 5))}} {
		if differSnapshots([]*inventoryv1.Instance{webServer(3, 5)}, received) == "" {
			t.Errorf("a snapshot of %v is reported as equal", received)
		}
	}
}

func renamed(i *inventoryv1.Instance) *inventoryv1.Instance {
	i.Name = "instances/other"
	return i
}

// TestReplay rejects a log that lacks a change or leads to another state.
func TestReplay(t *testing.T) {
	instances := []*inventoryv1.Instance{webServer(3, 5)}
	for name, c := range map[string]struct {
		messages []*inventoryv1.WatchInstancesResponse
		want     invariant
	}{
		"correct":          {[]*inventoryv1.WatchInstancesResponse{message(created, 1, webServer(1, 1)), message(changed, 2, webServer(3, 5))}, ""},
		"another state":    {[]*inventoryv1.WatchInstancesResponse{message(created, 1, webServer(1, 1)), message(changed, 2, webServer(2, 5))}, replayMatches},
		"missing revision": {[]*inventoryv1.WatchInstancesResponse{message(created, 2, webServer(3, 5))}, inOrder},
	} {
		e := &scenario{oracle: newOracle(), deployment: &deployment{inventory: []inventoryv1.InventoryServiceClient{&faultyInventory{messages: c.messages}}}}
		e.replay(t.Context(), instances, 2)
		if broken := e.oracle.firstViolation(); (broken == nil) != (c.want == "") {
			t.Errorf("%s: %v", name, broken)
		}
	}
}

// connections is an accounts service that returns one status for every account.
type connections struct {
	accountsv1.AccountServiceClient
	status accountsv1.Connection_Status
	error  string
}

func (c connections) GetAccount(context.Context, *accountsv1.GetAccountRequest, ...grpc.CallOption) (*accountsv1.Account, error) {
	return &accountsv1.Account{Connection: &accountsv1.Connection{Status: c.status, LastError: c.error}}, nil
}

// TestCheckScopes rejects an account that is not connected and a scope that is not complete.
func TestCheckScopes(t *testing.T) {
	held, failed := completeAt(5), completeAt(5)
	held.Hold, failed.LastError = &inventoryv1.Scope_Hold{MissingCount: 3}, "oops"
	for name, c := range map[string]struct {
		accounts connections
		scope    *inventoryv1.Scope
		want     invariant
	}{
		"correct":        {connections{status: accountsv1.Connection_CONNECTED}, completeAt(5), ""},
		"the next sync":  {connections{status: accountsv1.Connection_SYNCING}, completeAt(5), ""},
		"failed":         {connections{status: accountsv1.Connection_FAILED}, completeAt(5), connected},
		"stuck":          {connections{status: accountsv1.Connection_SYNCING, error: "oops"}, completeAt(5), connected},
		"held":           {connections{status: accountsv1.Connection_CONNECTED}, held, scopesCurrent},
		"scope failed":   {connections{status: accountsv1.Connection_CONNECTED}, failed, scopesCurrent},
		"never observed": {connections{status: accountsv1.Connection_CONNECTED}, &inventoryv1.Scope{Name: theScope}, scopesCurrent},
	} {
		client := &faultyInventory{scopes: []*inventoryv1.Scope{c.scope}}
		e := &scenario{deployment: &deployment{accounts: c.accounts, inventory: []inventoryv1.InventoryServiceClient{client, client}}}
		v, err := e.checkScopes(t.Context())
		if err != nil || (v == nil) != (c.want == "") || v != nil && v.Invariant != c.want {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

// TestFollow rejects changes that do not lead from the creation to the state of an instance.
func TestFollow(t *testing.T) {
	change := func(revision, at int, kind inventoryv1.InstanceChange_Type, fields ...*inventoryv1.InstanceChange_FieldChange) *inventoryv1.InstanceChange {
		return &inventoryv1.InstanceChange{Revision: int64(revision), CommitTime: minute(at), Type: kind, Fields: fields}
	}
	field := func(name, from, to string) *inventoryv1.InstanceChange_FieldChange {
		return &inventoryv1.InstanceChange_FieldChange{Field: name, From: structpb.NewStringValue(from), To: structpb.NewStringValue(to)}
	}
	const made, altered = inventoryv1.InstanceChange_CREATED, inventoryv1.InstanceChange_CHANGED
	first := change(1, 1, made)
	truthful := []*inventoryv1.InstanceChange{
		change(9, 5, altered, field("machineType", "m2", "m3")), change(4, 3, altered, field("machineType", "m1", "m2"), field("displayName", "", "web")), first,
	}
	if err := follow(webServer(3, 5), truthful, minute(6)); err != nil {
		t.Errorf("a correct state is rejected: %v", err)
	}
	for name, changes := range map[string][]*inventoryv1.InstanceChange{
		"none":            nil,
		"no beginning":    truthful[:2],
		"two beginnings":  {first, first},
		"another end":     {change(9, 5, altered, field("machineType", "m2", "m4")), first},
		"a broken chain":  {truthful[0], change(4, 3, altered, field("machineType", "m0", "m1")), first},
		"out of order":    {truthful[0], change(10, 3, altered), first},
		"time goes back":  {truthful[0], change(4, 6, altered), first},
		"from the future": {change(9, 7, altered), first},
	} {
		if err := follow(webServer(3, 5), changes, minute(6)); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}
