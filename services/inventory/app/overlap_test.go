package app_test

import (
	"testing"

	"google.golang.org/grpc/codes"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
)

// look returns the observation of the single instance, from one token to another.
func (s *service) look(t *testing.T, token, end int64, name string) error {
	t.Helper()
	request := singleRequest(token, named(name))
	request.EndToken = end
	_, err := s.ingest.UpsertInstance(t.Context(), request)
	return err
}

// read applies a complete observation of the scope, from one token to another.
func (s *service) read(t *testing.T, token, end int64, name string) (*inventoryv1.SnapshotResult, error) {
	t.Helper()
	last := complete(1)
	last.GetComplete().EndToken = end
	return s.send(t, begin(observation(account, region, token)), seen(named(name)), last)
}

// Observations that overlap may have read in another order than they began, and arrive in any
// order. What is stored is never replaced by something that may be older.
func TestOverlap_StoredStays(t *testing.T) {
	t.Parallel()
	stale := func(t *testing.T, err error) { t.Helper(); refused(t, err, codes.Aborted, "STALE_OBSERVATION") }
	for name, play := range map[string]func(t *testing.T, s *service){
		"a look that began while the scope was read": func(t *testing.T, s *service) {
			t.Helper()
			if _, err := s.read(t, 10, 13, "first"); err != nil {
				t.Fatal(err)
			}
			stale(t, s.look(t, 11, 12, "second"))
		},
		"a look that was going on when the scope began to be read": func(t *testing.T, s *service) {
			t.Helper()
			s.apply(t, observation(account, region, 1), named("before"))
			if err := s.look(t, 10, 13, "first"); err != nil {
				t.Fatal(err)
			}
			if result, err := s.read(t, 12, 14, "second"); err != nil || result.GetChanged() != 0 || result.GetGone() != 0 {
				t.Errorf("the observation changed %v, %v", result, err)
			}
		},
		"two looks": func(t *testing.T, s *service) {
			t.Helper()
			s.apply(t, observation(account, region, 1), named("before"))
			if err := s.look(t, 10, 13, "first"); err != nil {
				t.Fatal(err)
			}
			stale(t, s.look(t, 11, 12, "second"))
		},
		"two looks, of which the first saw nothing new": func(t *testing.T, s *service) {
			t.Helper()
			s.apply(t, observation(account, region, 1), named("first"))
			if err := s.look(t, 10, 13, "first"); err != nil {
				t.Fatal(err)
			}
			stale(t, s.look(t, 11, 12, "second"))
		},
		"two readings": func(t *testing.T, s *service) {
			t.Helper()
			if _, err := s.read(t, 10, 13, "first"); err != nil {
				t.Fatal(err)
			}
			_, err := s.read(t, 11, 12, "second")
			stale(t, err)
		},
		"a reading, sent again": func(t *testing.T, s *service) {
			t.Helper()
			if _, err := s.read(t, 10, 13, "first"); err != nil {
				t.Fatal(err)
			}
			_, err := s.read(t, 10, 13, "first")
			stale(t, err)
		},
		"a look that began while the cloud was asked for what the reading lacked": func(t *testing.T, s *service) {
			t.Helper()
			s.apply(t, observation(account, region, 1), named("before"), machine(region, 2))
			last := complete(1)
			last.GetComplete().EndToken = 11
			stream, err := s.ingest.ApplySnapshot(dbtest.Context(t))
			if err != nil {
				t.Fatal(err)
			}
			for _, message := range []*inventoryv1.ApplySnapshotRequest{begin(observation(account, region, 10)), seen(named("first")), last} {
				if err := stream.Send(message); err != nil {
					t.Fatal(err)
				}
			}
			answer, err := stream.Recv()
			if err != nil || len(answer.GetAbsent().GetInstances()) != 1 {
				t.Fatal(answer, err)
			}
			err = stream.Send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Verdict{Verdict: &inventoryv1.SnapshotVerdict{
				Findings: []*inventoryv1.SnapshotVerdict_Finding{{
					ProviderId: machine(region, 2).GetProviderId(), Evidence: inventoryv1.SnapshotVerdict_Finding_NOT_FOUND,
				}},
				Final: true, EndToken: 14,
			}}})
			if err != nil {
				t.Fatal(err)
			}
			if answer, err = stream.Recv(); err != nil || answer.GetResult().GetGone() != 1 {
				t.Fatal(answer, err)
			}
			stale(t, s.look(t, 12, 13, "second"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			play(t, s)
			if got := s.list(t, &inventoryv1.ListInstancesRequest{Filter: `displayName = "first"`}); len(got) != 1 {
				t.Errorf("the inventory has %s", s.nameOfOnly(t))
			}
			if err := s.look(t, 20, 21, "later"); err != nil {
				t.Errorf("one that began later: %v", err)
			}
			if _, err := s.read(t, 22, 23, "last"); err != nil || s.nameOfOnly(t) != "last" {
				t.Errorf("the inventory has %s, %v", s.nameOfOnly(t), err)
			}
		})
	}
}
