package app_test

import (
	"strings"
	"testing"
	"time"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const scopeName = "scopes/aws-100000000001~virtual-machine~eu-west-1"

// scope returns the one scope that matches a filter.
func (s *service) scope(t *testing.T, filter string) *inventoryv1.Scope {
	t.Helper()
	resp, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{Filter: filter})
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.GetScopes()) != 1 {
		t.Fatalf("%d scopes match %q", len(resp.GetScopes()), filter)
	}
	return resp.GetScopes()[0]
}

// held returns a service with a held scope: of ten instances, the first three were listed at 2,
// and the provider reports the others as not found.
func held(t *testing.T) (*service, []*inventoryv1.Instance) {
	t.Helper()
	s, all := start(t), machines(region, 0, 10)
	s.apply(t, observation(account, region, 1), all...)
	all[0].State = inventoryv1.Instance_STOPPED
	got := s.apply(t, observation(account, region, 2), append(all[:3:3], machine(region, 99))...)
	if got.GetGone() != 0 || got.GetMissing() != 7 || got.GetCreated() != 1 || got.GetChanged() != 1 ||
		!strings.Contains(got.GetMissingReason(), "7 of 10 instances vanished at once") {
		t.Fatalf("got %v", got)
	}
	return s, all
}

// If most of a scope vanishes at once, the scope is held: listed instances are applied, and the
// others are shown as last seen.
func TestHold(t *testing.T) {
	t.Parallel()
	s, all := held(t)
	scope := s.scope(t, "hold.hold_time:*")
	if scope.GetName() != scopeName || scope.GetHold().GetHoldTime().AsTime() != at(2) || scope.GetHold().GetMissingCount() != 7 ||
		scope.GetHold().GetInstanceCount() != 10 || scope.GetInstanceCount() != 11 {
		t.Errorf("the scope is %v", scope)
	}
	if scope.GetLastErrorReason() != "HELD" || !strings.Contains(scope.GetLastError(), "7 of 10") ||
		scope.GetLastCompleteTime().AsTime() != at(1) || scope.GetLastAttemptTime().AsTime() != at(2) {
		t.Errorf("the scope is %v", scope)
	}
	if got := s.unreachable(t, ""); len(got) != 1 || got[0] != scopeName {
		t.Errorf("unreachable are %v", got)
	}
	_, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{
		MaxStaleness: durationpb.New(time.Since(at(1)) - time.Second), // the observation at 2 would be new enough
	})
	refused(t, err, codes.FailedPrecondition, "TOO_STALE")
	if alive := s.list(t, &inventoryv1.ListInstancesRequest{}); len(alive) != 11 {
		t.Errorf("%d are there", len(alive))
	}
	if got := s.list(t, &inventoryv1.ListInstancesRequest{Filter: "state = STOPPED"}); len(got) != 1 {
		t.Errorf("a listed instance is not applied: %v", got)
	}

	// The same observation, sent twice, does not confirm itself.
	if got := s.apply(t, observation(account, region, 2), append(all[:3:3], machine(region, 99))...); got.GetGone() != 0 || got.GetMissing() != 7 {
		t.Errorf("sent twice: %v", got)
	}
	// An older one is stale.
	_, err = s.snapshot(t, observation(account, region, 1), all...)
	refused(t, err, codes.Aborted, "STALE_OBSERVATION")
}

// The next complete observation ends a hold: instances that it does not list either are gone,
// those that it lists were never gone, and newly missing ones are decided about again.
func TestHold_NextObservation(t *testing.T) {
	t.Parallel()
	s, all := held(t)
	got := s.apply(t, observation(account, region, 3), append(all[1:5:5], machine(region, 99))...)
	if got.GetGone() != 6 || got.GetMissing() != 0 || got.GetReappeared() != 0 || got.GetUnchanged() != 5 {
		t.Errorf("got %v", got)
	}
	scope := s.scope(t, "")
	if scope.GetHold() != nil || scope.GetLastError() != "" || scope.GetLastCompleteTime().AsTime() != at(3) || scope.GetInstanceCount() != 5 {
		t.Errorf("the scope is %v", scope)
	}
	if got := s.unreachable(t, ""); len(got) != 0 {
		t.Errorf("unreachable are %v", got)
	}
	alive := s.list(t, &inventoryv1.ListInstancesRequest{Filter: "state != GONE"})
	if len(alive) != 5 {
		t.Errorf("%d are there", len(alive))
	}
}

// An instance that is observed alone no longer counts as missing.
func TestHold_SingleObservation(t *testing.T) {
	t.Parallel()
	s, all := held(t)
	if _, err := s.single(t, 3, all[5]); err != nil {
		t.Fatal(err)
	}
	if got := s.scope(t, "").GetHold().GetMissingCount(); got != 6 {
		t.Errorf("%d are missing", got)
	}
	if _, err := s.ConfirmScope(t.Context(), &inventoryv1.ConfirmScopeRequest{Name: scopeName}); err != nil {
		t.Fatal(err)
	}
	got, err := s.LookupInstance(t.Context(), &inventoryv1.LookupInstanceRequest{
		By: &inventoryv1.LookupInstanceRequest_ProviderId{ProviderId: all[5].GetProviderId()},
	})
	if err != nil || got.GetState() != inventoryv1.Instance_RUNNING {
		t.Errorf("got %v, %v", got, err)
	}
	// With the last missing instance the hold ends.
	s, all = held(t)
	for n, i := range all[3:] {
		if _, err := s.single(t, int64(3+n), i); err != nil {
			t.Fatal(err)
		}
	}
	if scope := s.scope(t, ""); scope.GetHold() != nil || scope.GetInstanceCount() != 11 {
		t.Errorf("the scope is %v", scope)
	}
}

// A person confirms a hold, and only the one that they have seen.
func TestConfirmScope(t *testing.T) {
	t.Parallel()
	s, _ := held(t)
	confirm := func(name string, hold time.Time) (*inventoryv1.Scope, error) {
		req := &inventoryv1.ConfirmScopeRequest{Name: name}
		if !hold.IsZero() {
			req.HoldTime = timestamppb.New(hold)
		}
		return s.ConfirmScope(t.Context(), req)
	}
	_, err := confirm("scopes/aws-1~virtual-machine~eu-west-1", time.Time{})
	refused(t, err, codes.NotFound, "NOT_FOUND")
	_, err = confirm("scopes/aws-1~nothing", time.Time{})
	refused(t, err, codes.NotFound, "NOT_FOUND")
	_, err = confirm(scopeName, at(1))
	refused(t, err, codes.Aborted, "HOLD_CHANGED")

	// An observation that began before would restore the instances; it is stale.
	reading := s.halfway(t, observation(account, region, 5), machines(region, 3, 10)...)
	scope, err := confirm(scopeName, at(2))
	if err != nil {
		t.Fatal(err)
	}
	if scope.GetHold() != nil || scope.GetLastErrorReason() != "" || scope.GetLastCompleteTime().AsTime() != at(2) || scope.GetInstanceCount() != 4 {
		t.Errorf("the scope is %v", scope)
	}
	if got := s.unreachable(t, ""); len(got) != 0 {
		t.Errorf("unreachable are %v", got)
	}
	gone := s.list(t, &inventoryv1.ListInstancesRequest{Filter: "state = GONE", ShowGone: true})
	if len(gone) != 7 || gone[0].GetGoneTime().AsTime() != at(2) {
		t.Errorf("gone are %v", gone)
	}
	_, err = reading.finish(t)
	refused(t, err, codes.Aborted, "STALE_OBSERVATION")
	_, err = confirm(scopeName, time.Time{})
	refused(t, err, codes.FailedPrecondition, "NOT_HELD")
	// An instance that reappears keeps its name.
	if got := s.apply(t, observation(account, region, 6), machines(region, 0, 10)...); got.GetReappeared() != 7 {
		t.Errorf("got %v", got)
	}
}

// An answer without the instance is doubted even for the last instance of a scope, and no answer
// proves nothing.
func TestHold_WeakEvidence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		there, listed int
		finding       *inventoryv1.SnapshotVerdict_Finding
		gone, missing int64
		reason, text  string
	}{
		"not found, the only one":    {1, 0, evidence(inventoryv1.SnapshotVerdict_Finding_NOT_FOUND), 1, 0, "", ""},
		"not found, four of four":    {4, 0, evidence(inventoryv1.SnapshotVerdict_Finding_NOT_FOUND), 4, 0, "", ""},
		"not found, five of five":    {5, 0, evidence(inventoryv1.SnapshotVerdict_Finding_NOT_FOUND), 0, 5, "HELD", "5 of 5"},
		"not found, five of ten":     {10, 5, evidence(inventoryv1.SnapshotVerdict_Finding_NOT_FOUND), 5, 0, "", ""},
		"not listed, the only one":   {1, 0, evidence(inventoryv1.SnapshotVerdict_Finding_UNLISTED), 0, 1, "HELD", "1 of 1"},
		"not listed, one of two":     {2, 1, evidence(inventoryv1.SnapshotVerdict_Finding_UNLISTED), 0, 1, "HELD", "1 of 2"},
		"not listed, two of three":   {3, 1, evidence(inventoryv1.SnapshotVerdict_Finding_UNLISTED), 0, 2, "HELD", "2 of 3"},
		"nobody can tell, one of 10": {10, 9, evidence(inventoryv1.SnapshotVerdict_Finding_CANT_TELL), 0, 1, "UNREACHABLE", "1 of 10"},
		"nobody can tell, and why": {10, 9, &inventoryv1.SnapshotVerdict_Finding{
			Evidence: inventoryv1.SnapshotVerdict_Finding_CANT_TELL, Reason: "PERMISSION_DENIED", Error: "not\x00 allowed",
		}, 0, 1, "PERMISSION_DENIED", "not\uFFFD allowed"},
		"nothing is said": {10, 9, nil, 0, 1, "UNREACHABLE", "could not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, all := start(t), machines(region, 0, c.there)
			s.apply(t, observation(account, region, 1), all...)
			got, err := settleWith(s.listed(t, 2, all[:c.listed]...), func(*inventoryv1.Instance) *inventoryv1.SnapshotVerdict_Finding {
				if c.finding == nil {
					return nil
				}
				return &inventoryv1.SnapshotVerdict_Finding{Evidence: c.finding.GetEvidence(), Reason: c.finding.GetReason(), Error: c.finding.GetError()}
			})
			if err != nil || got.GetGone() != c.gone || got.GetMissing() != c.missing {
				t.Fatalf("got %v, %v", got, err)
			}
			scope := s.scope(t, "")
			complete := at(2)
			if c.missing > 0 {
				complete = at(1)
			}
			if scope.GetLastErrorReason() != c.reason || !strings.Contains(scope.GetLastError(), c.text) ||
				scope.GetLastCompleteTime().AsTime() != complete || (scope.GetHold() != nil) != (c.reason == "HELD") {
				t.Errorf("the scope is %v", scope)
			}
			// When they are listed again, nothing has changed.
			if c.missing > 0 {
				if got := s.apply(t, observation(account, region, 3), all...); int(got.GetUnchanged()) != len(all) {
					t.Errorf("then %v", got)
				}
				if scope := s.scope(t, ""); scope.GetHold() != nil || scope.GetLastErrorReason() != "" {
					t.Errorf("then the scope is %v", scope)
				}
			}
		})
	}
}
