package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func seconds(n int64) *durationpb.Duration { return &durationpb.Duration{Seconds: n} }

// whole returns the start of an observation that could not read an account at all.
func whole(account string, fence int64) *inventoryv1.SnapshotStart {
	start := observation(account, "-", fence)
	start.Kind = 0
	return start
}

func (s *service) fail(t *testing.T, start *inventoryv1.SnapshotStart, reason string) {
	t.Helper()
	if _, err := s.send(t, begin(start), failed(reason, "because")); err != nil {
		t.Fatal(err)
	}
}

const (
	euMachines = "scopes/aws-100000000001~virtual-machine~eu-west-1"
	usMachines = "scopes/aws-100000000001~virtual-machine~us-east-1"
	euBases    = "scopes/aws-100000000001~database~eu-west-1"
	allOfTwo   = "scopes/aws-2~all~-"
)

// An answer names the unreachable scopes that its filter can touch, and is as old as the oldest of
// the scopes that it touches.
func TestFreshness_TouchedScopes(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 3), machine(region, 1))
	s.apply(t, observation(account, "us-east-1", 2), machine("us-east-1", 2))
	s.fail(t, observation(account, "us-east-1", 4), "THROTTLED")
	bases := observation(account, region, 5)
	bases.Kind = commonv1.Kind_DATABASE
	s.fail(t, bases, "PERMISSION_DENIED") // never observed
	s.fail(t, whole("accounts/aws-2", 6), "CREDENTIALS_INVALID")
	zone := observation("accounts/gcp-x", "europe-west1-b", 7)
	zone.Provider = commonv1.Provider_GCP
	s.apply(t, zone, machine("europe-west1", 3))

	for _, c := range []struct {
		filter string
		oldest int64 // 0: unset
		names  []string
	}{
		{``, 0, []string{euBases, usMachines, allOfTwo}},
		{`account = "accounts/aws-100000000001"`, 0, []string{euBases, usMachines}},
		{`account = "accounts/aws-2"`, 0, []string{allOfTwo}},
		{`account = "accounts/gcp-x"`, 7, nil},
		{`account = "accounts/nobody"`, 0, nil},
		{`provider = GCP`, 7, nil},
		{`location.region = "europe-west1"`, 0, []string{allOfTwo}}, // one of its zones was observed, and nothing of aws-2
		{`location.region = "europe-west1" AND provider = GCP`, 7, nil},
		{`account = aws-100000000001 AND kind = VIRTUAL_MACHINE`, 2, []string{usMachines}},
		{`account = aws-100000000001 AND kind = VIRTUAL_MACHINE AND location.region = "eu-west-1"`, 3, nil},
		{`account = aws-100000000001 AND kind = VIRTUAL_MACHINE AND location.region = "eu-west-3"`, 0, nil},
		{`account = aws-100000000001 AND (kind = DATABASE OR state = RUNNING)`, 0, []string{euBases, usMachines}},
		{`account = aws-100000000001 AND NOT kind = DATABASE`, 2, []string{usMachines}},
	} {
		resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{Filter: c.filter})
		if err != nil {
			t.Fatal(err)
		}
		counts, err := s.AggregateInstances(t.Context(), &inventoryv1.AggregateInstancesRequest{Filter: c.filter, GroupBy: []string{"state"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []struct {
			fresh *inventoryv1.Freshness
			names []string
		}{{resp.GetFreshness(), resp.GetUnreachable()}, {counts.GetFreshness(), counts.GetUnreachable()}} {
			if !slices.Equal(got.names, c.names) {
				t.Errorf("%s: unreachable %v, want %v", c.filter, got.names, c.names)
			}
			var want *timestamppb.Timestamp
			if c.oldest > 0 {
				want = timestamppb.New(at(c.oldest))
			}
			if got.fresh.GetOldestObserveTime().AsTime() != want.AsTime() {
				t.Errorf("%s: oldest %v, want %v", c.filter, got.fresh, want)
			}
		}
	}
}

// A failure of the whole account is recorded in each of its scopes or, before there is one, in a
// scope for all of them.
func TestFailure_WholeAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	scopes := func() []string {
		t.Helper()
		resp, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, scope := range resp.GetScopes() {
			all = append(all, strings.TrimPrefix(scope.GetName(), "scopes/aws-2~")+" "+scope.GetLastErrorReason())
		}
		return all
	}
	want := func(want ...string) {
		t.Helper()
		if got := scopes(); !slices.Equal(got, want) {
			t.Errorf("scopes %q, want %q", got, want)
		}
	}
	s.fail(t, whole("accounts/aws-2", 2), "CREDENTIALS_INVALID")
	want("all~- CREDENTIALS_INVALID")
	_, err := s.send(t, begin(whole("accounts/aws-2", 1)), failed("THROTTLED", ""))
	refused(t, err, codes.Aborted, "STALE_OBSERVATION")
	s.apply(t, observation("accounts/aws-2", region, 3), machine(region, 1))
	want("virtual-machine~eu-west-1 ")
	s.fail(t, observation("accounts/aws-2", "us-east-1", 4), "THROTTLED")
	s.fail(t, whole("accounts/aws-2", 5), "CREDENTIALS_EXPIRED")
	want("virtual-machine~eu-west-1 CREDENTIALS_EXPIRED", "virtual-machine~us-east-1 CREDENTIALS_EXPIRED")
	s.apply(t, observation("accounts/aws-2", region, 6), machine(region, 1))
	want("virtual-machine~eu-west-1 ", "virtual-machine~us-east-1 CREDENTIALS_EXPIRED")
}

// A failure of one kind is recorded in each scope of that kind or, before there is one, in a scope
// for all of the kind.
func TestFailure_WholeKind(t *testing.T) {
	t.Parallel()
	s := start(t)
	want := func(want ...string) {
		t.Helper()
		resp, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, scope := range resp.GetScopes() {
			got = append(got, strings.TrimPrefix(scope.GetName(), "scopes/aws-2~")+" "+scope.GetLastErrorReason())
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("scopes %q, want %q", got, want)
		}
	}
	databases := func(location string, token int64) *inventoryv1.SnapshotStart {
		o := observation("accounts/aws-2", location, token)
		o.Kind = commonv1.Kind_DATABASE
		return o
	}
	s.fail(t, whole("accounts/aws-2", 1), "CREDENTIALS_INVALID")
	s.fail(t, databases("-", 2), "API_DISABLED")
	want("database~- API_DISABLED")
	s.apply(t, observation("accounts/aws-2", region, 3), machine(region, 1))
	want("database~- API_DISABLED", "virtual-machine~eu-west-1 ")
	list := func(kind string) int {
		t.Helper()
		resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{Filter: "kind = " + kind})
		if err != nil {
			t.Fatal(err)
		}
		return len(resp.GetUnreachable())
	}
	if vms, databases := list("VIRTUAL_MACHINE"), list("DATABASE"); vms != 0 || databases != 1 {
		t.Errorf("%d and %d scopes unreachable, want 0 of machines and 1 of databases", vms, databases)
	}
	s.apply(t, databases(region, 4))
	want("database~eu-west-1 ", "virtual-machine~eu-west-1 ")
	s.fail(t, databases("-", 5), "API_DISABLED")
	want("database~eu-west-1 API_DISABLED", "virtual-machine~eu-west-1 ")
}

// A region that was reported in place of its zones is deleted when one of the zones is observed.
// One that was observed itself or has instances stays.
func TestFailure_RegionInPlaceOfZones(t *testing.T) {
	t.Parallel()
	s := start(t)
	at := func(location string, fence int64) *inventoryv1.SnapshotStart {
		o := observation("accounts/gcp-one", location, fence)
		o.Provider = commonv1.Provider_GCP
		return o
	}
	want := func(want ...string) {
		t.Helper()
		resp, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, scope := range resp.GetScopes() {
			got = append(got, scope.GetLocation())
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("scopes at %q, want %q", got, want)
		}
	}
	s.fail(t, at("europe-west1", 1), "API_DISABLED")
	s.fail(t, at("us-central1", 2), "API_DISABLED")
	want("europe-west1", "us-central1")
	s.apply(t, at("europe-west1-b", 3))
	want("europe-west1-b", "us-central1")
	s.fail(t, at("us-central1-a", 4), "UNREACHABLE")
	want("europe-west1-b", "us-central1-a")
	s.apply(t, at("us-central1", 5))
	s.apply(t, at("us-central1-a", 6))
	want("europe-west1-b", "us-central1", "us-central1-a")
}

// max_staleness is met, or the error names the scopes that are too old.
func TestMaxStaleness(t *testing.T) {
	t.Parallel()
	s := start(t)
	fresh := func(region string, age time.Duration) *inventoryv1.SnapshotStart {
		start := observation(account, region, 1)
		start.ObserveTime = timestamppb.New(time.Now().Add(-age))
		return start
	}
	list := func(filter string, staleness int64) error {
		_, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{Filter: filter, MaxStaleness: seconds(staleness)})
		_, other := s.AggregateInstances(t.Context(), &inventoryv1.AggregateInstancesRequest{
			Filter: filter, MaxStaleness: seconds(staleness), GroupBy: []string{"state"}})
		if (err == nil) != (other == nil) {
			t.Errorf("a list says %v, an aggregate %v", err, other)
		}
		return err
	}
	refused(t, list("", 3600), codes.FailedPrecondition, "TOO_STALE") // nothing was ever observed

	s.apply(t, fresh(region, time.Minute), machine(region, 1))
	s.apply(t, fresh("us-east-1", 2*time.Hour), machine("us-east-1", 2))
	if err := list("", 3*3600); err != nil {
		t.Error(err)
	}
	err := list("", 3600)
	if got := refused(t, err, codes.FailedPrecondition, "TOO_STALE"); got["scopes"] != usMachines || got["scopesCount"] != "1" {
		t.Errorf("metadata %v", got)
	}
	if !strings.Contains(err.Error(), usMachines) {
		t.Errorf("%v does not name the scope", err)
	}
	if err := list(`location.region = "eu-west-1"`, 3600); err != nil {
		t.Error(err)
	}
	// A failure after a complete observation does not make it older.
	s.fail(t, func() *inventoryv1.SnapshotStart { o := fresh(region, 0); o.FencingToken = 2; return o }(), "THROTTLED")
	if err := list(`location.region = "eu-west-1"`, 3600); err != nil {
		t.Error(err)
	}
	// A scope that was never observed completely is older than any limit.
	bases := fresh(region, 0)
	bases.Kind, bases.FencingToken = commonv1.Kind_DATABASE, 3
	s.fail(t, bases, "PERMISSION_DENIED")
	if got := refused(t, list(`location.region = "eu-west-1"`, 3600), codes.FailedPrecondition, "TOO_STALE"); got["scopes"] != euBases {
		t.Errorf("metadata %v", got)
	}
}
