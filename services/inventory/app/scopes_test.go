package app_test

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"github.com/rollcall-dev/rollcall/services/internal/serve"
	"github.com/rollcall-dev/rollcall/services/inventory/app"
)

// sql changes what no call can change.
func (s *service) sql(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := s.db.Pool(t).Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// ago returns the start of an observation that was made so long ago.
func ago(location string, token int64, age time.Duration) *inventoryv1.SnapshotStart {
	start := observation(account, location, token)
	start.ObserveTime = timestamppb.New(time.Now().Add(-age))
	return start
}

func (s *service) unreachable(t testing.TB, filter string) []string {
	t.Helper()
	resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{Filter: filter})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetUnreachable()
}

// An answer can't vouch for a scope that is held, or that was not observed for twice its interval.
func TestScopes_Unreachable(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, ago(region, 1, 90*time.Minute), machine(region, 1))
	s.apply(t, ago("us-east-1", 2, 90*time.Minute), machine("us-east-1", 2))
	if got := s.unreachable(t, ""); len(got) != 0 {
		t.Errorf("before anything is due: %v", got)
	}
	s.sql(t, `UPDATE scopes SET sync_interval = CASE location WHEN 'eu-west-1' THEN interval '46 min' ELSE interval '44 min' END`)
	if got := s.unreachable(t, ""); !slices.Equal(got, []string{usMachines}) {
		t.Errorf("overdue: %v, want %s", got, usMachines)
	}
	s.sql(t, `UPDATE scopes SET hold_fence = 3, hold_time = now(), hold_missing = 1, hold_of = 1 WHERE location = 'eu-west-1'`)
	if got := s.unreachable(t, ""); !slices.Equal(got, []string{euMachines, usMachines}) {
		t.Errorf("held and overdue: %v", got)
	}
	s.apply(t, observation("accounts/aws-2", region, 4), machine(region, 4))
	scopes, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{Filter: "unreachable"})
	if err != nil || len(scopes.GetScopes()) != 2 {
		t.Errorf("unreachable are %v, %v", scopes, err)
	}
	scopes, err = s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{Filter: "NOT unreachable"})
	if err != nil || len(scopes.GetScopes()) != 1 {
		t.Errorf("not unreachable are %v, %v", scopes, err)
	}
}

// A retired scope is stale and not empty: it is unreachable as long as it shows instances.
func TestScopes_Retired(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, ago(region, 1, time.Hour), machine(region, 1))
	s.apply(t, ago("us-east-1", 2, time.Hour))
	s.apply(t, ago("us-west-2", 3, time.Minute), machine("us-west-2", 3))
	s.fail(t, ago(region, 4, 0), "RETIRED")
	s.fail(t, ago("us-east-1", 5, 0), "RETIRED")
	resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.GetInstances()) != 2 || !slices.Equal(resp.GetUnreachable(), []string{euMachines}) {
		t.Errorf("%d instances, unreachable %v", len(resp.GetInstances()), resp.GetUnreachable())
	}
	// A retired scope without instances is not unreachable.
	_, err = s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{
		Filter: `location.region = "us-east-1"`, MaxStaleness: durationpb.New(24 * time.Hour)})
	refused(t, err, codes.FailedPrecondition, "TOO_STALE")
	scopes, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{Filter: `last_error_reason = RETIRED`})
	if err != nil || len(scopes.GetScopes()) != 2 {
		t.Errorf("retired scopes %v, %v", scopes, err)
	}
	// Observed again, it is like any other.
	s.apply(t, ago("us-east-1", 6, 0), machine("us-east-1", 4))
	if got := s.unreachable(t, ""); !slices.Equal(got, []string{euMachines}) {
		t.Errorf("unreachable %v", got)
	}
}

// A person confirms that the instances of a retired scope are gone.
func TestScopes_RetiredConfirmed(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, ago(region, 1, time.Hour), machine(region, 1), machine(region, 2))
	_, err := s.ConfirmScope(t.Context(), &inventoryv1.ConfirmScopeRequest{Name: euMachines})
	refused(t, err, codes.FailedPrecondition, "NOT_HELD")
	s.fail(t, ago(region, 2, 0), "RETIRED")
	before := time.Now()
	scope, err := s.ConfirmScope(t.Context(), &inventoryv1.ConfirmScopeRequest{Name: euMachines})
	if err != nil || scope.GetInstanceCount() != 0 || scope.GetLastErrorReason() != "RETIRED" {
		t.Fatalf("confirmed: %v, %v", scope, err)
	}
	if got := s.unreachable(t, ""); len(got) != 0 {
		t.Errorf("still unreachable: %v", got)
	}
	gone := s.list(t, &inventoryv1.ListInstancesRequest{ShowGone: true, Filter: "state = GONE"})
	if len(gone) != 2 {
		t.Fatalf("%d instances are gone", len(gone))
	}
	history, err := s.ListInstanceChanges(t.Context(), &inventoryv1.ListInstanceChangesRequest{Parent: gone[0].GetName()})
	if err != nil || len(history.GetChanges()) != 2 || history.GetChanges()[0].GetType() != inventoryv1.InstanceChange_GONE {
		t.Errorf("history %v, %v", history, err)
	}
	if gaps := history.GetGaps(); len(gaps) != 2 || gaps[1].GetReason() != "RETIRED" || gaps[1].GetEndTime().AsTime().Before(before.Add(-time.Minute)) {
		t.Errorf("gaps %v", gaps)
	}
	// As of the time before, its instances were shown, and it was unreachable.
	created := history.GetChanges()[1].GetCommitTime()
	then, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{AsOf: created})
	if err != nil || len(then.GetInstances()) != 2 || !slices.Equal(then.GetUnreachable(), []string{euMachines}) || len(then.GetGaps()) != 1 {
		t.Errorf("then %v, %v", then, err)
	}
}

// ListScopes returns all fields of a scope.
func TestScopes_AllFields(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), machine(region, 1))
	s.apply(t, observation(account, "us-east-1", 2))
	s.sql(t, `UPDATE scopes SET sync_interval = '90 s', hold_fence = 3, hold_time = $1, hold_missing = 9, hold_of = 10,
		api_budgets = '[{"api": "ec2", "location": "eu-west-1", "callsPerSecond": 2.5, "maxCallsPerSecond": 10, "throttleTime": "2026-03-01T12:00:00Z"}, {"api": "sts", "location": "global"}]'
		WHERE location = 'eu-west-1'`, at(3))
	resp, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{Filter: "hold.hold_time:*"})
	if err != nil || len(resp.GetScopes()) != 1 {
		t.Fatalf("held scopes: %v, %v", resp, err)
	}
	got := resp.GetScopes()[0]
	if age, least := got.GetAge().AsDuration(), time.Since(at(1))-time.Hour; age < least {
		t.Errorf("age %s, want at least %s", age, least)
	}
	got.Age = nil
	want := &inventoryv1.Scope{
		Name: euMachines, Account: account, Provider: commonv1.Provider_AWS, Kind: commonv1.Kind_VIRTUAL_MACHINE, Location: region,
		LastCompleteTime: timestamppb.New(at(1)), LastAttemptTime: timestamppb.New(at(1)), InstanceCount: 1,
		SyncInterval: durationpb.New(90 * time.Second),
		Hold:         &inventoryv1.Scope_Hold{HoldTime: timestamppb.New(at(3)), MissingCount: 9, InstanceCount: 10},
		ApiBudgets: []*inventoryv1.ApiBudget{
			{Api: "ec2", Location: region, CallsPerSecond: 2.5, MaxCallsPerSecond: 10, ThrottleTime: timestamppb.New(at(0))},
			{Api: "sts", Location: "global"},
		},
	}
	if !proto.Equal(got, want) {
		t.Errorf("scope\ngot  %v\nwant %v", got, want)
	}
	resp, err = s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{Filter: "NOT hold.hold_time:*"})
	if err != nil || len(resp.GetScopes()) != 1 || resp.GetScopes()[0].GetHold() != nil || resp.GetScopes()[0].GetSyncInterval() != nil {
		t.Errorf("the other scope: %v, %v", resp, err)
	}
}

// The metrics have the age of each scope and its errors.
func TestScopeMetrics(t *testing.T) {
	listener, err := serve.Address("127.0.0.1:0").Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	db := dbtest.New(t, migrated)
	s := startOn(t, db, func(cfg *app.Config) { cfg.Metrics = serve.Metrics{Addr: serve.Listener(listener)} })
	s.apply(t, observation(account, region, 1), machine(region, 1), machine(region, 2))
	s.fail(t, observation(account, "us-east-1", 2), "THROTTLED")
	s.sql(t, `UPDATE scopes SET sync_interval = '60 s', hold_fence = 3, hold_time = now(), hold_missing = 1, hold_of = 2 WHERE location = 'eu-west-1'`)

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	const eu = `{account="aws-100000000001",kind="VIRTUAL_MACHINE",location="eu-west-1"} `
	const us = `{account="aws-100000000001",kind="VIRTUAL_MACHINE",location="us-east-1"} `
	for _, want := range []string{
		"rollcall_scopes_read 1", "rollcall_scopes 2", "rollcall_scopes_left_out 0",
		"rollcall_scope_sync_interval_seconds" + eu + "60", "rollcall_scope_instances" + eu + "2", "rollcall_scope_instances" + us + "0",
		"rollcall_scope_held" + eu + "1", "rollcall_scope_held" + us + "0",
		"rollcall_scope_unreachable" + eu + "1", "rollcall_scope_unreachable" + us + "1",
		`rollcall_scope_last_error_info{account="aws-100000000001",kind="VIRTUAL_MACHINE",location="us-east-1",reason="THROTTLED"} 1`,
	} {
		if !slices.Contains(strings.Split(string(text), "\n"), want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if !regexp.MustCompile(`(?m)^rollcall_scope_age_seconds` + regexp.QuoteMeta(eu) + `[0-9.e+]+$`).Match(text) {
		t.Errorf("no age in\n%s", text)
	}
	if strings.Contains(string(text), "rollcall_scope_age_seconds"+us) {
		t.Error("a scope that was never observed has an age")
	}
}
