package chaos

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
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

// liar stands where a roll would, and says what it is told to: so that the oracle
// itself is seen to fail. Each call takes the next answer; the last one stays.
type liar struct {
	inventoryv1.InventoryServiceClient
	scopes   []*inventoryv1.Scope
	rolls    [][]*inventoryv1.Instance
	messages []*inventoryv1.WatchInstancesResponse
	changes  []*inventoryv1.InstanceChange
	fails    error
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

func (l *liar) ListScopes(context.Context, *inventoryv1.ListScopesRequest, ...grpc.CallOption) (*inventoryv1.ListScopesResponse, error) {
	return &inventoryv1.ListScopesResponse{Scopes: []*inventoryv1.Scope{next(&l.scopes)}}, l.fails
}

func (l *liar) ListInstances(context.Context, *inventoryv1.ListInstancesRequest, ...grpc.CallOption) (*inventoryv1.ListInstancesResponse, error) {
	return &inventoryv1.ListInstancesResponse{Instances: next(&l.rolls)}, l.fails
}

func (l *liar) AggregateInstances(context.Context, *inventoryv1.AggregateInstancesRequest, ...grpc.CallOption) (*inventoryv1.AggregateInstancesResponse, error) {
	return &inventoryv1.AggregateInstancesResponse{}, nil
}

func (l *liar) ListInstanceChanges(context.Context, *inventoryv1.ListInstanceChangesRequest, ...grpc.CallOption) (*inventoryv1.ListInstanceChangesResponse, error) {
	return &inventoryv1.ListInstanceChangesResponse{Changes: l.changes}, nil
}

func (l *liar) WatchInstances(ctx context.Context, _ *inventoryv1.WatchInstancesRequest, _ ...grpc.CallOption) (grpc.ServerStreamingClient[inventoryv1.WatchInstancesResponse], error) {
	return &told{ctx: ctx, messages: l.messages}, nil
}

// told is a stream of messages; after the last it is silent.
type told struct {
	grpc.ClientStream
	ctx      context.Context
	messages []*inventoryv1.WatchInstancesResponse
}

func (s *told) Recv() (*inventoryv1.WatchInstancesResponse, error) {
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

// web is a machine of a version, as it was seen at a minute.
func web(version, observed int) *inventoryv1.Instance {
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

// webInCloud is what the cloud has: the machine, changed at minute 0, 2 and 4.
func webInCloud() truth {
	cloud := truth{}
	want := web(3, 0)
	cloud.add(thing{scope: theScope, want: want, versions: []time.Time{epoch, minute(2).AsTime(), minute(4).AsTime()}})
	return cloud
}

func completeAt(n int) *inventoryv1.Scope {
	return &inventoryv1.Scope{Name: theScope, Account: theAccount, LastCompleteTime: minute(n)}
}

// TestReadersSeeThrough: a reader finds each kind of lie, and no fault with the
// truth.
func TestReadersSeeThrough(t *testing.T) {
	one := func(i ...*inventoryv1.Instance) []*inventoryv1.Instance { return i }
	for name, c := range map[string]struct {
		liar liar
		want invariant
	}{
		"the truth":             {liar{scopes: []*inventoryv1.Scope{completeAt(5)}, rolls: [][]*inventoryv1.Instance{one(web(3, 5))}}, ""},
		"the truth, growing":    {liar{scopes: []*inventoryv1.Scope{completeAt(1), completeAt(3)}, rolls: [][]*inventoryv1.Instance{one(web(1, 1)), one(web(2, 3))}}, ""},
		"never looked":          {liar{scopes: []*inventoryv1.Scope{{Name: theScope, Account: theAccount}}}, ""},
		"alive and gone":        {liar{scopes: []*inventoryv1.Scope{completeAt(5)}, rolls: [][]*inventoryv1.Instance{one(gone(web(3, 5)))}}, aliveNotGone},
		"older version":         {liar{scopes: []*inventoryv1.Scope{completeAt(5)}, rolls: [][]*inventoryv1.Instance{one(web(3, 5)), one(web(2, 3))}}, neverOlder},
		"older observation":     {liar{scopes: []*inventoryv1.Scope{completeAt(5)}, rolls: [][]*inventoryv1.Instance{one(web(3, 6)), one(web(3, 5))}}, neverOlder},
		"older scope":           {liar{scopes: []*inventoryv1.Scope{completeAt(6), completeAt(5)}, rolls: [][]*inventoryv1.Instance{one(web(3, 5))}}, neverOlder},
		"missing":               {liar{scopes: []*inventoryv1.Scope{completeAt(5)}, rolls: [][]*inventoryv1.Instance{nil}}, asObserved},
		"stale, said to be new": {liar{scopes: []*inventoryv1.Scope{completeAt(5)}, rolls: [][]*inventoryv1.Instance{one(web(2, 5))}}, asObserved},
		"an internal error":     {liar{fails: status.Error(codes.Internal, "oops")}, readable},
		"nobody there":          {liar{fails: status.Error(codes.Unavailable, "away")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c0 := newCourt()
			r := &reader{judge: newJudge("the reader", c0, newExcuses()), rolls: []inventoryv1.InventoryServiceClient{&c.liar},
				cloud: func() (truth, error) { return webInCloud(), nil }}
			for range 3 {
				r.once(t.Context())
			}
			wantVerdict(t, c0, c.want)
		})
	}
}

// TestReadersExcuse: what the schedule did to the roll is not the roll's mistake.
func TestReadersExcuse(t *testing.T) {
	excused := newExcuses()
	j := newJudge("the reader", newCourt(), excused)
	excused.remove(theAccount)
	goneSweep := sweep{roll: []*inventoryv1.Instance{gone(web(3, 5))}, cloud: webInCloud()}
	j.sweep(goneSweep)
	excused.putBack(theAccount)
	goneSweep.scopes = map[string]*inventoryv1.Scope{theScope: completeAt(5)} // from before it left
	j.sweep(goneSweep)
	wantVerdict(t, j.court, "")
	goneSweep.scopes[theScope].LastCompleteTime = timestamppb.New(time.Now().Add(time.Minute))
	j.sweep(goneSweep)
	wantVerdict(t, j.court, aliveNotGone)

	excused = newExcuses()
	j = newJudge("the reader", newCourt(), excused)
	end := excused.startLie(func(scope string) bool { return scope == theScope })
	missing := sweep{scopes: map[string]*inventoryv1.Scope{theScope: completeAt(5)}, cloud: webInCloud()}
	j.sweep(missing)
	end()
	wantVerdict(t, j.court, "")
	missing.scopes[theScope].LastCompleteTime = timestamppb.New(time.Now().Add(time.Minute))
	j.sweep(missing)
	wantVerdict(t, j.court, asObserved)
}

func wantVerdict(t *testing.T, c *court, want invariant) {
	t.Helper()
	var got invariant
	if broken := c.verdict(); broken != nil {
		got = broken.Invariant
	}
	if got != want {
		t.Errorf("the verdict is %q, want %q", got, want)
	}
}

// message is one message of a watch.
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

// TestWatchersSeeThrough: a watcher finds each kind of lie, and no fault with the
// truth.
func TestWatchersSeeThrough(t *testing.T) {
	for name, c := range map[string]struct {
		list     bool
		filter   string
		messages []*inventoryv1.WatchInstancesResponse
		want     invariant
	}{
		"the truth": {messages: []*inventoryv1.WatchInstancesResponse{
			message(heartbeat, 7, nil), message(created, 8, web(1, 1)), message(changed, 9, web(2, 2)), message(lost, 10, gone(web(2, 3))),
			message(reappeared, 11, web(2, 4)), message(heartbeat, 11, nil),
		}},
		"the truth, listed": {list: true, messages: []*inventoryv1.WatchInstancesResponse{
			message(existing, 7, web(1, 1)), message(listed, 7, nil), message(changed, 8, web(2, 2)),
		}},
		"the truth, filtered": {filter: "x", messages: []*inventoryv1.WatchInstancesResponse{
			message(heartbeat, 7, nil), message(changed, 9, web(2, 2)), message(changed, 12, web(3, 2)), message(heartbeat, 20, nil),
		}},
		"back, and gone while it did not match": {filter: whatRuns.filter, messages: []*inventoryv1.WatchInstancesResponse{
			message(created, 8, web(1, 1)), message(changed, 9, stopped(web(2, 2))), message(reappeared, 12, web(3, 4)),
		}},
		"back while it matched, and never gone": {filter: whatRuns.filter, messages: []*inventoryv1.WatchInstancesResponse{
			message(created, 8, web(1, 1)), message(changed, 9, web(2, 2)), message(reappeared, 12, web(3, 4)),
		}, want: sensible},
		"a hole":               {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, web(1, 1)), message(changed, 10, web(2, 2))}, want: inOrder},
		"twice":                {filter: "x", messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, web(1, 1)), message(changed, 8, web(2, 2))}, want: inOrder},
		"back":                 {filter: "x", messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, web(1, 1)), message(changed, 7, web(2, 2))}, want: inOrder},
		"a heartbeat back":     {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, web(1, 1)), message(heartbeat, 7, nil)}, want: inOrder},
		"a heartbeat too far":  {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, web(1, 1)), message(heartbeat, 9, nil)}, want: inOrder},
		"older after newer":    {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, web(2, 2)), message(changed, 9, web(1, 3))}, want: neverOlder},
		"created twice":        {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, web(1, 1)), message(created, 9, web(2, 2))}, want: sensible},
		"gone twice":           {messages: []*inventoryv1.WatchInstancesResponse{message(lost, 8, gone(web(1, 1))), message(lost, 9, gone(web(1, 2)))}, want: sensible},
		"gone, and there":      {messages: []*inventoryv1.WatchInstancesResponse{message(lost, 8, web(1, 1))}, want: sensible},
		"back, and never gone": {messages: []*inventoryv1.WatchInstancesResponse{message(created, 8, web(1, 1)), message(reappeared, 9, web(1, 2))}, want: sensible},
		"changed out of the blue": {list: true, messages: []*inventoryv1.WatchInstancesResponse{
			message(listed, 7, nil), message(changed, 8, web(1, 1)),
		}, want: sensible},
		"existing after all": {list: true, messages: []*inventoryv1.WatchInstancesResponse{message(listed, 7, nil), message(existing, 7, web(1, 1))}, want: sensible},
	} {
		t.Run(name, func(t *testing.T) {
			c0 := newCourt()
			v := everything
			if v.filter = c.filter; c.filter == whatRuns.filter {
				v = whatRuns
			}
			w := newWatcher(c0, v, c.list, []inventoryv1.InventoryServiceClient{&liar{messages: c.messages}})
			e := &episode{court: c0}
			_ = e.awhile(t.Context(), w, func() bool { return w.told == int64(len(c.messages)) }) // the court has the verdict
			wantVerdict(t, c0, c.want)
		})
	}
}

// TestQuietSeesThrough: what is compared in the quiet is found wrong when it is.
func TestQuietSeesThrough(t *testing.T) {
	cloud := webInCloud()
	if v := differ([]*inventoryv1.Instance{web(3, 5)}, cloud); v != nil {
		t.Errorf("the truth is found wrong: %v", v)
	}
	other := web(3, 5)
	other.ProviderId = "i-2"
	for name, roll := range map[string][]*inventoryv1.Instance{
		"missing": {}, "too much": {web(3, 5), other}, "other": {web(2, 5)}, "twice": {web(3, 5), web(3, 5)},
	} {
		if v := differ(roll, cloud); v == nil || v.Invariant != rollIsCloud {
			t.Errorf("%s: %v", name, v)
		}
	}

	w := newWatcher(newCourt(), everything, true, nil)
	w.take(message(existing, 7, web(3, 5)))
	w.take(message(listed, 7, nil))
	if found := w.differences([]*inventoryv1.Instance{web(3, 9)}); found != "" {
		t.Errorf("the truth is found wrong: %s", found)
	}
	for name, roll := range map[string][]*inventoryv1.Instance{
		"less": {}, "more": {web(3, 5), renamed(other)}, "other": {web(2, 5)}, "gone": {gone(web(3, 5))},
	} {
		if w.differences(roll) == "" {
			t.Errorf("a replica that differs (%s) is found equal", name)
		}
	}
	if differPast([]*inventoryv1.Instance{web(3, 5)}, []*inventoryv1.Instance{web(3, 6)}) != "" {
		t.Error("a true past is found wrong")
	}
	for _, told := range [][]*inventoryv1.Instance{nil, {web(2, 5)}, {renamed(web(3, 5))}} {
		if differPast([]*inventoryv1.Instance{web(3, 5)}, told) == "" {
			t.Errorf("a past of %v is found equal", told)
		}
	}
}

func renamed(i *inventoryv1.Instance) *inventoryv1.Instance {
	i.Name = "instances/other"
	return i
}

// TestReplaySeesThrough: a log that lacks a change, or leads elsewhere, does not
// pass.
func TestReplaySeesThrough(t *testing.T) {
	roll := []*inventoryv1.Instance{web(3, 5)}
	for name, c := range map[string]struct {
		messages []*inventoryv1.WatchInstancesResponse
		want     invariant
	}{
		"the truth": {[]*inventoryv1.WatchInstancesResponse{message(created, 1, web(1, 1)), message(changed, 2, web(3, 5))}, ""},
		"elsewhere": {[]*inventoryv1.WatchInstancesResponse{message(created, 1, web(1, 1)), message(changed, 2, web(2, 5))}, replayIs},
		"a hole":    {[]*inventoryv1.WatchInstancesResponse{message(created, 2, web(3, 5))}, inOrder},
	} {
		e := &episode{court: newCourt(), deployment: &deployment{inventory: []inventoryv1.InventoryServiceClient{&liar{messages: c.messages}}}}
		e.replay(t.Context(), roll, 2)
		if broken := e.verdict(); (broken == nil) != (c.want == "") {
			t.Errorf("%s: %v", name, broken)
		}
	}
}

// connections answers with one status for every account.
type connections struct {
	accountsv1.AccountServiceClient
	status accountsv1.Connection_Status
	error  string
}

func (c connections) GetAccount(context.Context, *accountsv1.GetAccountRequest, ...grpc.CallOption) (*accountsv1.Account, error) {
	return &accountsv1.Account{Connection: &accountsv1.Connection{Status: c.status, LastError: c.error}}, nil
}

// TestVouchedSeesThrough: an account that is not connected and a scope that is not
// vouched for do not pass.
func TestVouchedSeesThrough(t *testing.T) {
	held, failed := completeAt(5), completeAt(5)
	held.Hold, failed.LastError = &inventoryv1.Scope_Hold{MissingCount: 3}, "oops"
	for name, c := range map[string]struct {
		accounts connections
		scope    *inventoryv1.Scope
		want     invariant
	}{
		"the truth":      {connections{status: accountsv1.Connection_CONNECTED}, completeAt(5), ""},
		"the next sync":  {connections{status: accountsv1.Connection_SYNCING}, completeAt(5), ""},
		"failed":         {connections{status: accountsv1.Connection_FAILED}, completeAt(5), connected},
		"stuck":          {connections{status: accountsv1.Connection_SYNCING, error: "oops"}, completeAt(5), connected},
		"held":           {connections{status: accountsv1.Connection_CONNECTED}, held, vouched},
		"scope failed":   {connections{status: accountsv1.Connection_CONNECTED}, failed, vouched},
		"never observed": {connections{status: accountsv1.Connection_CONNECTED}, &inventoryv1.Scope{Name: theScope}, vouched},
	} {
		roll := &liar{scopes: []*inventoryv1.Scope{c.scope}}
		e := &episode{deployment: &deployment{accounts: c.accounts, inventory: []inventoryv1.InventoryServiceClient{roll, roll}}}
		v, err := e.allVouched(t.Context())
		if err != nil || (v == nil) != (c.want == "") || v != nil && v.Invariant != c.want {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

// TestChangesSeeThrough: changes that do not lead from the creation to what an
// instance is do not pass.
func TestChangesSeeThrough(t *testing.T) {
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
	if err := follow(web(3, 5), truthful, minute(6)); err != nil {
		t.Errorf("the truth is found wrong: %v", err)
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
		if err := follow(web(3, 5), changes, minute(6)); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

// TestShrink: of a schedule that breaks something, what is needed for it stays,
// and nothing else; and its written form is read back.
func TestShrink(t *testing.T) {
	all := make(selection, 60)
	for i := range all {
		all[i] = i
	}
	left := shrink(all, func(s selection) bool {
		return slices.Contains(s, 7) && slices.Contains(s, 8) && slices.Contains(s, 41)
	})
	if text := left.String(); text != "7-8,41" {
		t.Errorf("left is %s", text)
	}
	if again, err := parseSelection(left.String()); err != nil || !slices.Equal(again, left) {
		t.Errorf("%v, %v", again, err)
	}
	if _, err := parseSelection("1-x"); err == nil {
		t.Error("1-x is taken for steps")
	}
}

// TestScheduleFollowsFromSeed: the same steps each time, a shorter schedule is the
// beginning of a longer one, and every kind comes up.
func TestScheduleFollowsFromSeed(t *testing.T) {
	long := schedule(3, 2000)
	if !slices.Equal(long[:60], schedule(3, 60)) || slices.Equal(long[:60], schedule(4, 60)) {
		t.Error("the steps do not follow from the seed")
	}
	seen := map[stepKind]bool{}
	for _, s := range long {
		seen[s.kind] = true
	}
	for _, w := range weights {
		if !seen[w.kind] {
			t.Errorf("there is no %s in %d steps", w.kind, len(long))
		}
	}
	if text := long[0].String(); !strings.Contains(text, string(long[0].kind)) {
		t.Errorf("a step is called %s", text)
	}
}
