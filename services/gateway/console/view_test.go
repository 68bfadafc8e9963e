package console

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

var now = time.Date(2026, 11, 23, 21, 53, 49, 0, time.UTC)

func before(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(now.Add(-d)) }

// rendered returns the HTML of the page.
func rendered(t *testing.T, s State, all responses) string {
	t.Helper()
	var b strings.Builder
	if err := document(build(s, all, "http://rollcall.test", now)).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// completeResponses returns the responses for one account that was read completely and has no
// instances.
func completeResponses() responses {
	observed := &inventoryv1.Freshness{OldestObserveTime: before(14 * time.Second)}
	var all responses
	all.accounts.value = &accountsv1.ListAccountsResponse{TotalSize: 1, Accounts: []*accountsv1.Account{{
		Name: "accounts/aws-1", DisplayName: "payments", Provider: commonv1.Provider_AWS,
		Connection: &accountsv1.Connection{Status: accountsv1.Connection_CONNECTED, LastSyncTime: before(14 * time.Second)},
	}}}
	all.instances.value = &inventoryv1.ListInstancesResponse{Freshness: observed}
	all.counts.value = &inventoryv1.AggregateInstancesResponse{Freshness: observed}
	all.scopes.value = &inventoryv1.ListScopesResponse{}
	all.runs.value = &discoveryv1.ListSyncRunsResponse{}
	return all
}

// TestPage_DistinguishesEmptyFromUnread checks promise 7 of the design: "there are no instances"
// and "the instances could not be read" are never the same page.
func TestPage_DistinguishesEmptyFromUnread(t *testing.T) {
	t.Parallel()
	const scope = "scopes/aws-1~virtual-machine~eu-west-1"
	unavailable := status.Error(codes.Unavailable, "down")
	for _, c := range []struct {
		name  string
		state State
		turn  func(*responses)
		want  []string
		never []string
	}{
		{"everything was read", State{}, func(*responses) {},
			[]string{"There are no instances.", "14 s ago"}, []string{"could not", "nothing read"}},
		{"nothing was read yet", State{}, func(a *responses) {
			a.instances.value.Freshness, a.counts.value.Freshness = nil, nil
		}, []string{"Nothing has been read yet."}, []string{"There are no instances."}},
		{"a scope failed", State{}, func(a *responses) {
			a.instances.value.Unreachable, a.counts.value.Unreachable = []string{scope}, []string{scope}
			a.scopes.value.Scopes = []*inventoryv1.Scope{{Name: scope, LastError: "AccessDenied.", LastErrorReason: "PERMISSION_DENIED"}}
		}, []string{"1 scope could not be read", "could never be read completely: AccessDenied.", "1 scope stale"}, []string{"There are no instances."}},
		{"a scope waits", State{}, func(a *responses) {
			a.instances.value.Unreachable, a.counts.value.Unreachable = []string{scope}, []string{scope}
		}, []string{"1 scope could not be read", "has not been read yet"}, []string{"There are no instances.", "could never"}},
		{"nothing matches", State{Filter: "web"}, func(*responses) {},
			[]string{"No instances match.", "Clear the filter"}, []string{"There are no instances."}},
		{"nothing matches, and a scope failed", State{Filter: "web"}, func(a *responses) { a.instances.value.Unreachable = []string{scope} },
			[]string{"No instances match.", "matching instances may be missing"}, nil},
		{"inventory is unavailable", State{}, func(a *responses) {
			a.instances, a.counts, a.scopes = response[*inventoryv1.ListInstancesResponse]{err: unavailable},
				response[*inventoryv1.AggregateInstancesResponse]{err: unavailable}, response[*inventoryv1.ListScopesResponse]{err: unavailable}
		}, []string{"The inventory service is not responding.", "The instances can't be shown at the moment."}, []string{"There are no instances."}},
		{"all services are unavailable", State{}, func(a *responses) {
			*a = responses{}
			a.accounts.err, a.instances.err, a.counts.err, a.scopes.err, a.runs.err = unavailable, unavailable, unavailable, unavailable, unavailable
		}, []string{"The accounts, inventory and discovery services are not responding."}, []string{"There are no accounts", "There are no instances."}},
		{"no accounts", State{}, func(a *responses) {
			a.accounts.value = &accountsv1.ListAccountsResponse{}
		}, []string{"There are no accounts yet.", "http://rollcall.test/v1/accounts"}, []string{"There are no instances."}},
		{"no accounts, and inventory is unavailable", State{}, func(a *responses) {
			a.accounts.value = &accountsv1.ListAccountsResponse{}
			a.instances = response[*inventoryv1.ListInstancesResponse]{err: unavailable}
			a.counts = response[*inventoryv1.AggregateInstancesResponse]{err: unavailable}
		}, []string{"There are no accounts yet.", "The instances can't be shown at the moment."}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			all := completeResponses()
			c.turn(&all)
			page := rendered(t, c.state, all)
			for _, want := range c.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
			for _, never := range c.never {
				if strings.Contains(page, never) {
					t.Errorf("the page has %q", never)
				}
			}
		})
	}
}

func TestNotes_GroupScopesByAccountAndReason(t *testing.T) {
	t.Parallel()
	all := completeResponses()
	for _, region := range []string{"eu-west-1", "eu-west-2", "eu-west-3", "eu-south-1"} {
		name := "scopes/aws-1~virtual-machine~" + region
		all.counts.value.Unreachable = append(all.counts.value.Unreachable, name)
		all.scopes.value.Scopes = append(all.scopes.value.Scopes, &inventoryv1.Scope{
			Name: name, LastError: "Throttling.", LastErrorReason: "THROTTLED", InstanceCount: 10, LastCompleteTime: before(12 * time.Minute),
		})
	}
	all.counts.value.Unreachable = append(all.counts.value.Unreachable, "scopes/aws-1~database~eu-west-1", "nonsense")
	notes := build(State{}, all, "", now).Notes
	if len(notes) != 2 {
		t.Fatalf("notes %+v", notes)
	}
	if want := "payments · eu-west-1 · virtual machines, eu-west-2 · virtual machines, eu-west-3 · virtual machines and 1 more"; notes[0].Title != want {
		t.Errorf("the title of the first note is %q, want %q", notes[0].Title, want)
	}
	if want := "could not be read for 12 min: Throttling. Its 40 instances are shown as last seen; none was removed."; notes[0].Text != want {
		t.Errorf("the text of the first note is %q, want %q", notes[0].Text, want)
	}
	if !notes[1].Waiting || notes[1].Title != "payments · eu-west-1 · databases" {
		t.Errorf("the second note is %+v", notes[1])
	}
}

func TestList_MarksMistakeInFilter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filter, column string
		want           Mistake
	}{
		{"state = x", "9", Mistake{Before: "state = ", At: "x"}},
		{"größe < 😀 AND", "9", Mistake{Before: "größe < ", At: "😀", After: " AND"}},
		{"state =", "8", Mistake{Before: "state =", At: " "}},
		{"state", "99", Mistake{}},
		{"state", "", Mistake{}},
	} {
		st, err := status.New(codes.InvalidArgument, "filter: no").WithDetails(
			&errdetails.ErrorInfo{Metadata: map[string]string{"column": c.column}},
			&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "filter", Description: "no"}}})
		if err != nil {
			t.Fatal(err)
		}
		all := completeResponses()
		all.instances = response[*inventoryv1.ListInstancesResponse]{err: st.Err()}
		c.want.Text = "no"
		if got := build(State{Filter: c.filter}, all, "", now).List.Filter; got == nil || *got != c.want {
			t.Errorf("%q at column %s: %+v, want %+v", c.filter, c.column, got, c.want)
		}
	}
}

func TestResponseCache_EvictsOldest(t *testing.T) {
	t.Parallel()
	m := newResponseCache(2)
	m.put("a", cachedResponse{at: now})
	m.put("b", cachedResponse{at: now.Add(time.Second)})
	m.put("c", cachedResponse{at: now.Add(2 * time.Second)})
	if _, ok := m.get("a"); ok {
		t.Error("the oldest response is still cached")
	}
	for _, key := range []string{"b", "c"} {
		if _, ok := m.get(key); !ok {
			t.Errorf("response %s was evicted", key)
		}
	}
}
