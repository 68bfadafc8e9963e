package app_test

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// half is a snapshot that was begun and whose scope is claimed.
type half struct {
	stream
	count int
}

// halfway begins a snapshot and waits until the service has claimed its scope.
func (s *service) halfway(t *testing.T, start *inventoryv1.SnapshotStart, instances ...*inventoryv1.Instance) *half {
	t.Helper()
	stream, err := s.ingest.ApplySnapshot(dbtest.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	h := &half{stream, len(instances)}
	h.send(t, begin(start))
	h.send(t, seen(instances...))
	s.awaitClaim(t, start.GetFencingToken())
	return h
}

func (h *half) send(t *testing.T, message *inventoryv1.ApplySnapshotRequest) {
	t.Helper()
	if err := h.Send(message); err != nil {
		t.Fatal(err)
	}
}

func (h *half) finish(t *testing.T) (*inventoryv1.SnapshotResult, error) {
	t.Helper()
	if err := h.Send(complete(h.count)); err != nil && !errors.Is(err, io.EOF) { // after EOF settle has the reason
		return nil, err
	}
	return settle(h.stream)
}

// awaitClaim waits until an observation with the token is under way. Only the database shows that.
func (s *service) awaitClaim(t *testing.T, fence int64) {
	t.Helper()
	pool := s.db.Pool(t)
	for t.Context().Err() == nil {
		var there bool
		err := pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM scopes WHERE claim_fence = $1)`, fence).Scan(&there)
		if err != nil {
			t.Fatal(err)
		}
		if there {
			return
		}
	}
}

func named(name string) *inventoryv1.Instance {
	m := machine(region, 1)
	m.DisplayName = name
	return m
}

func (s *service) nameOfOnly(t *testing.T) string {
	t.Helper()
	all := s.list(t, &inventoryv1.ListInstancesRequest{})
	if len(all) != 1 {
		t.Fatalf("%d instances in the inventory", len(all))
	}
	return all[0].GetDisplayName()
}

func TestFence_OlderObservation(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 5), named("new"))
	_, err := s.snapshot(t, observation(account, region, 4), named("old"))
	refused(t, err, codes.Aborted, "STALE_OBSERVATION")
	_, err = s.send(t, begin(observation(account, region, 4)), failed("THROTTLED", ""))
	refused(t, err, codes.Aborted, "STALE_OBSERVATION")
	_, err = s.single(t, 4, named("old"))
	refused(t, err, codes.Aborted, "STALE_OBSERVATION")
	if got := s.nameOfOnly(t); got != "new" {
		t.Errorf("the inventory has %s", got)
	}
	// The same token again is the same observation, sent twice.
	if resp := s.apply(t, observation(account, region, 5), named("new")); resp.GetUnchanged() != 1 {
		t.Errorf("sent twice: %v", resp)
	}
}

func (s *service) single(t *testing.T, fence int64, instance *inventoryv1.Instance) (*inventoryv1.Instance, error) {
	t.Helper()
	return s.ingest.UpsertInstance(t.Context(), singleRequest(fence, instance))
}

func singleRequest(fence int64, instance *inventoryv1.Instance) *inventoryv1.UpsertInstanceRequest {
	instance = proto.CloneOf(instance)
	instance.Account, instance.Provider, instance.Kind = account, commonv1.Provider_AWS, commonv1.Kind_VIRTUAL_MACHINE
	return &inventoryv1.UpsertInstanceRequest{
		Instance: instance, Location: region, FencingToken: fence, ObserveTime: timestamppb.New(at(fence)),
	}
}

// Of two observations of one scope at once, the one with the larger token wins, in any order of
// beginnings and ends.
func TestFence_NewerSnapshotWins(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(t *testing.T, s *service) (older error){
		"old around new": func(t *testing.T, s *service) error {
			t.Helper()
			older := s.halfway(t, observation(account, region, 4), named("old"))
			s.apply(t, observation(account, region, 5), named("new"))
			_, err := older.finish(t)
			return err
		},
		"new around old": func(t *testing.T, s *service) error {
			t.Helper()
			newer := s.halfway(t, observation(account, region, 5), named("new"))
			_, older := s.snapshot(t, observation(account, region, 4), named("old"))
			if _, err := newer.finish(t); err != nil {
				t.Fatal(err)
			}
			return older
		},
		"old begins, new begins, old ends, new ends": func(t *testing.T, s *service) error {
			t.Helper()
			older := s.halfway(t, observation(account, region, 4), named("old"))
			newer := s.halfway(t, observation(account, region, 5), named("new"))
			_, err := older.finish(t)
			if _, err := newer.finish(t); err != nil {
				t.Fatal(err)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.apply(t, observation(account, region, 1), named("first"))
			refused(t, play(t, s), codes.Aborted, "STALE_OBSERVATION")
			if got := s.nameOfOnly(t); got != "new" {
				t.Errorf("the inventory has %s", got)
			}
		})
	}
}

// With many observations of one scope at once, the inventory ends as the one with the largest
// token that was applied.
func TestFence_ManySnapshots(t *testing.T) {
	t.Parallel()
	s := start(t)
	const workers = 12
	went := make([]bool, workers+1)
	var group sync.WaitGroup
	for fence := 1; fence <= workers; fence++ {
		group.Go(func() {
			_, err := s.snapshot(t, observation(account, region, int64(fence)), named(fmt.Sprint(fence)), machine(region, 1000+fence))
			went[fence] = err == nil
		})
	}
	group.Wait()
	if !went[workers] {
		t.Error("the newest did not go through")
	}
	all := s.list(t, &inventoryv1.ListInstancesRequest{OrderBy: "provider_id"})
	if len(all) != 2 || all[0].GetDisplayName() != fmt.Sprint(workers) || all[1].GetProviderId() != machine(region, 1000+workers).GetProviderId() {
		t.Errorf("the inventory has %v", all)
	}
}

// A single observation is not undone by an older observation of its scope.
func TestFence_SingleObservation(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), machine(region, 1), machine(region, 2))

	reading := s.halfway(t, observation(account, region, 5), machine(region, 1)) // without number 2
	stopped := machine(region, 1)
	stopped.State = inventoryv1.Instance_STOPPED
	got, err := s.single(t, 6, stopped)
	if err != nil {
		t.Fatal(err)
	}
	if got.GetState() != inventoryv1.Instance_STOPPED || got.GetObserveTime().AsTime() != at(6) {
		t.Errorf("got %v", got)
	}
	if _, err := s.single(t, 7, machine(region, 3)); err != nil { // just started
		t.Fatal(err)
	}
	_, err = s.single(t, 4, machine(region, 2)) // from before the observation of the scope
	refused(t, err, codes.Aborted, "STALE_OBSERVATION")

	resp, err := reading.finish(t)
	if err != nil {
		t.Fatal(err)
	}
	if want := (&inventoryv1.SnapshotResult{Unchanged: 1, Gone: 1}); !proto.Equal(resp, want) {
		t.Errorf("got %v, want %v", resp, want)
	}
	all := s.list(t, &inventoryv1.ListInstancesRequest{OrderBy: "provider_id"})
	if len(all) != 2 || all[0].GetState() != inventoryv1.Instance_STOPPED || all[1].GetProviderId() != machine(region, 3).GetProviderId() {
		t.Fatalf("the inventory has %v", all)
	}
	if got := all[0].GetObserveTime().AsTime(); got != at(6) {
		t.Errorf("observed at %s", got)
	}
	// A newer observation of the scope vouches for all of it.
	s.apply(t, observation(account, region, 8), stopped, machine(region, 3))
	for _, i := range s.list(t, &inventoryv1.ListInstancesRequest{}) {
		if got := i.GetObserveTime().AsTime(); got != at(8) {
			t.Errorf("%s observed at %s", i.GetProviderId(), got)
		}
	}
}

func TestRemoveAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.apply(t, observation(account, region, 1), machines(region, 0, 3)...)
	s.apply(t, observation("accounts/aws-2", region, 1), machine(region, 9))
	reading := s.halfway(t, observation(account, region, 5), machines(region, 0, 3)...)

	remove := func(fence int64) error {
		_, err := s.ingest.RemoveAccount(t.Context(), &inventoryv1.RemoveAccountRequest{Account: account, FencingToken: fence})
		return err
	}
	refused(t, remove(4), codes.Aborted, "STALE_OBSERVATION")
	for range 2 { // it may be repeated
		if err := remove(6); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := reading.finish(t); err == nil {
		t.Error("an observation from before the removal was applied")
	}
	_, err := s.snapshot(t, observation(account, region, 5), machine(region, 1))
	refused(t, err, codes.Aborted, "STALE_OBSERVATION")
	_, err = s.single(t, 6, machine(region, 1))
	refused(t, err, codes.Aborted, "STALE_OBSERVATION")

	if all := s.list(t, &inventoryv1.ListInstancesRequest{}); len(all) != 1 || all[0].GetAccount() != "accounts/aws-2" {
		t.Errorf("the inventory has %v", all)
	}
	if all := s.list(t, &inventoryv1.ListInstancesRequest{ShowGone: true, Filter: "state = GONE"}); len(all) != 3 {
		t.Errorf("%d are gone", len(all))
	}
	scopes, err := s.ListScopes(t.Context(), &inventoryv1.ListScopesRequest{})
	if err != nil || len(scopes.GetScopes()) != 1 {
		t.Errorf("scopes %v, %v", scopes.GetScopes(), err)
	}
	// An account of the same name that is added later finds its instances.
	if resp := s.apply(t, observation(account, region, 7), machines(region, 0, 3)...); resp.GetReappeared() != 3 {
		t.Errorf("got %v", resp)
	}
}
