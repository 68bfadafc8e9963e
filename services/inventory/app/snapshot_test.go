package app_test

import (
	"context"
	"strings"
	"testing"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// One instance is created, unchanged, changed, gone and reappears.
func TestApplySnapshot(t *testing.T) {
	t.Parallel()
	s := start(t)
	observe := func(fence int64, want *inventoryv1.SnapshotResult, instances ...*inventoryv1.Instance) *inventoryv1.Instance {
		t.Helper()
		if got := s.apply(t, observation(account, region, fence), instances...); !proto.Equal(got, want) {
			t.Fatalf("observation %d: %v, want %v", fence, got, want)
		}
		all := s.list(t, &inventoryv1.ListInstancesRequest{ShowGone: true})
		if len(all) != 1 {
			t.Fatalf("%d instances in the inventory", len(all))
		}
		return all[0]
	}
	times := func(i *inventoryv1.Instance, firstSeen, change, observed, gone int64) {
		t.Helper()
		if i.GetFirstSeenTime().AsTime() != at(firstSeen) || i.GetChangeTime().AsTime() != at(change) || i.GetObserveTime().AsTime() != at(observed) {
			t.Errorf("first seen %v, changed %v, observed %v", i.GetFirstSeenTime().AsTime(), i.GetChangeTime().AsTime(), i.GetObserveTime().AsTime())
		}
		if isGone := i.GetGoneTime() != nil; isGone != (gone > 0) || isGone && i.GetGoneTime().AsTime() != at(gone) {
			t.Errorf("gone %v", i.GetGoneTime())
		}
		if (i.GetState() == inventoryv1.Instance_GONE) != (gone > 0) {
			t.Errorf("state %s", i.GetState())
		}
	}

	m := machine(region, 1)
	seen := observe(1, &inventoryv1.SnapshotResult{Created: 1}, m)
	times(seen, 1, 1, 1, 0)
	unchanged := observe(2, &inventoryv1.SnapshotResult{Unchanged: 1}, m)
	times(unchanged, 1, 1, 2, 0)
	if unchanged.GetEtag() != seen.GetEtag() {
		t.Error("the etag changed although nothing did")
	}
	m.State, m.ProviderState = inventoryv1.Instance_STOPPED, "stopped"
	changed := observe(3, &inventoryv1.SnapshotResult{Changed: 1}, m)
	times(changed, 1, 3, 3, 0)
	gone := observe(4, &inventoryv1.SnapshotResult{Gone: 1})
	times(gone, 1, 4, 4, 4)
	if gone.GetProviderState() != "stopped" {
		t.Errorf("the last provider state became %q", gone.GetProviderState())
	}
	stillGone := observe(5, &inventoryv1.SnapshotResult{})
	times(stillGone, 1, 4, 5, 4)
	back := observe(6, &inventoryv1.SnapshotResult{Reappeared: 1}, m)
	times(back, 1, 6, 6, 0)
	if back.GetName() != seen.GetName() {
		t.Errorf("it reappeared as %s, and was %s", back.GetName(), seen.GetName())
	}
	etags := map[string]bool{seen.GetEtag(): true, changed.GetEtag(): true, gone.GetEtag(): true}
	if len(etags) != 3 {
		t.Errorf("etags %v", etags)
	}
	if back.GetEtag() != changed.GetEtag() {
		t.Error("the same content has two etags")
	}
}

// Nothing of an incomplete stream is applied.
func TestApplySnapshot_IncompleteStream(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), machines(region, 0, 3)...)
	before := s.list(t, &inventoryv1.ListInstancesRequest{ShowGone: true})
	next := observation(account, region, 9)

	for name, c := range map[string]struct {
		messages []*inventoryv1.ApplySnapshotRequest
		code     codes.Code
		reason   string
	}{
		"empty":              {nil, codes.InvalidArgument, "INCOMPLETE_SNAPSHOT"},
		"no start":           {[]*inventoryv1.ApplySnapshotRequest{seen(machine(region, 1)), complete(1)}, codes.InvalidArgument, "INCOMPLETE_SNAPSHOT"},
		"start only":         {[]*inventoryv1.ApplySnapshotRequest{begin(next)}, codes.InvalidArgument, "INCOMPLETE_SNAPSHOT"},
		"no end":             {[]*inventoryv1.ApplySnapshotRequest{begin(next), seen(machine(region, 7))}, codes.InvalidArgument, "INCOMPLETE_SNAPSHOT"},
		"two starts":         {[]*inventoryv1.ApplySnapshotRequest{begin(next), begin(next), complete(0)}, codes.InvalidArgument, "INCOMPLETE_SNAPSHOT"},
		"more after the end": {[]*inventoryv1.ApplySnapshotRequest{begin(next), complete(0), seen(machine(region, 7))}, codes.InvalidArgument, "INCOMPLETE_SNAPSHOT"},
		"both ends":          {[]*inventoryv1.ApplySnapshotRequest{begin(next), failed("THROTTLED", ""), complete(0)}, codes.InvalidArgument, "INCOMPLETE_SNAPSHOT"},
		"some lost":          {[]*inventoryv1.ApplySnapshotRequest{begin(next), seen(machine(region, 7)), complete(2)}, codes.InvalidArgument, "INCOMPLETE_SNAPSHOT"},
		"some extra":         {[]*inventoryv1.ApplySnapshotRequest{begin(next), seen(machine(region, 7)), complete(0)}, codes.InvalidArgument, "INCOMPLETE_SNAPSHOT"},
		"no message":         {[]*inventoryv1.ApplySnapshotRequest{begin(next), {}, complete(0)}, codes.InvalidArgument, "INVALID_FIELD"},
		"no id":              {[]*inventoryv1.ApplySnapshotRequest{begin(next), seen(&inventoryv1.Instance{}), complete(1)}, codes.InvalidArgument, "INVALID_FIELD"},
	} {
		_, err := s.send(t, c.messages...)
		t.Run(name, func(t *testing.T) { refused(t, err, c.code, c.reason) })
	}
	s.die(t, begin(next), seen(machine(region, 7)))

	after := s.list(t, &inventoryv1.ListInstancesRequest{ShowGone: true})
	if len(after) != len(before) {
		t.Fatalf("%d instances, there were %d", len(after), len(before))
	}
	for n := range after {
		if !proto.Equal(after[n], before[n]) {
			t.Errorf("%v, was %v", after[n], before[n])
		}
	}
	scopes, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got := scopes.GetScopes()[0].GetLastAttemptTime().AsTime(); got != at(1) {
		t.Errorf("the scope was tried at %s", got)
	}
	// Nothing blocks the next observation, not even one that is older than those that were not
	// applied.
	s.apply(t, observation(account, region, 2), machines(region, 0, 3)...)
}

// die sends messages and breaks the connection.
func (s *service) die(t *testing.T, messages ...*inventoryv1.ApplySnapshotRequest) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := s.ingest.ApplySnapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range messages {
		if err := stream.Send(message); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if _, err := stream.Recv(); status.Code(err) != codes.Canceled {
		t.Fatalf("a broken stream ended with %v", err)
	}
}

func TestApplySnapshot_Duplicates(t *testing.T) {
	t.Parallel()
	s := start(t)
	first, second := machine(region, 1), machine(region, 1)
	second.DisplayName = "second"
	resp := s.apply(t, observation(account, region, 1), first, second, first)
	if want := (&inventoryv1.SnapshotResult{Created: 1}); !proto.Equal(resp, want) {
		t.Errorf("got %v, want %v", resp, want)
	}
	if got := s.list(t, &inventoryv1.ListInstancesRequest{})[0].GetDisplayName(); got != "web-1" {
		t.Errorf("the second of two won: %s", got)
	}
}

// A failure is recorded with its reason and changes nothing else.
func TestApplySnapshot_Failure(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), machine(region, 1))
	if _, err := s.send(t, begin(observation(account, region, 2)), seen(machine(region, 2)), failed("THROTTLED", "slow\x00 down")); err != nil {
		t.Fatal(err)
	}
	resp, err := s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.GetInstances()) != 1 || resp.GetInstances()[0].GetObserveTime().AsTime() != at(1) {
		t.Errorf("got %v", resp.GetInstances())
	}
	name := "scopes/aws-100000000001~virtual-machine~eu-west-1"
	if got := resp.GetUnreachable(); len(got) != 1 || got[0] != name {
		t.Errorf("unreachable %v", got)
	}
	scopes, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	scope := scopes.GetScopes()[0]
	if scope.GetName() != name || scope.GetLastErrorReason() != "THROTTLED" || scope.GetLastError() != "slow\uFFFD down" ||
		scope.GetLastCompleteTime().AsTime() != at(1) || scope.GetLastAttemptTime().AsTime() != at(2) || scope.GetInstanceCount() != 1 {
		t.Errorf("scope %v", scope)
	}
	// The next complete observation clears it.
	s.apply(t, observation(account, region, 3), machine(region, 1))
	resp, err = s.ListInstances(t.Context(), &inventoryv1.ListInstancesRequest{})
	if err != nil || len(resp.GetUnreachable()) != 0 {
		t.Errorf("unreachable %v, %v", resp.GetUnreachable(), err)
	}
}

// An invalid start is refused, and the error names the field.
func TestApplySnapshot_InvalidStart(t *testing.T) {
	t.Parallel()
	s := start(t)
	for field, change := range map[string]func(*inventoryv1.SnapshotStart){
		"start.account":       func(o *inventoryv1.SnapshotStart) { o.Account = "aws-1" },
		"start.provider":      func(o *inventoryv1.SnapshotStart) { o.Provider = 0 },
		"start.kind":          func(o *inventoryv1.SnapshotStart) { o.Kind = 0 },
		"start.location":      func(o *inventoryv1.SnapshotStart) { o.Location = "EU West" },
		"start.fencing_token": func(o *inventoryv1.SnapshotStart) { o.FencingToken = 0 },
		"start.observe_time":  func(o *inventoryv1.SnapshotStart) { o.ObserveTime = nil },
	} {
		o := observation(account, region, 1)
		change(o)
		_, err := s.send(t, begin(o), complete(0))
		t.Run(field, func(t *testing.T) { violates(t, err, field) })
	}
	o := observation(account, "-", 1)
	_, err := s.send(t, begin(o), complete(0))
	violates(t, err, "start.location") // only a failure can be about all of a kind
	o.Kind = 0
	_, err = s.send(t, begin(o), complete(0))
	violates(t, err, "start.location") // or about the whole account
	if !strings.Contains(status.Convert(err).Message(), "failure") {
		t.Errorf("%v has no remedy", err)
	}
}
