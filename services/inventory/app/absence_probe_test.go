package app_test

import (
	"testing"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/dbtest"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// evidence returns a finding with this evidence about any instance.
func evidence(e inventoryv1.SnapshotVerdict_Finding_Evidence) *inventoryv1.SnapshotVerdict_Finding {
	return &inventoryv1.SnapshotVerdict_Finding{Evidence: e}
}

func verdict(final bool, findings ...*inventoryv1.SnapshotVerdict_Finding) *inventoryv1.ApplySnapshotRequest {
	return &inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Verdict{
		Verdict: &inventoryv1.SnapshotVerdict{Findings: findings, Final: final}}}
}

// listed sends a complete listing and leaves the absence probe open.
func (s *service) listed(t *testing.T, fence int64, instances ...*inventoryv1.Instance) stream {
	t.Helper()
	stream, err := s.ingest.ApplySnapshot(dbtest.Context(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range []*inventoryv1.ApplySnapshotRequest{begin(observation(account, region, fence)), seen(instances...), complete(len(instances))} {
		if err := stream.Send(message); err != nil {
			t.Fatal(err)
		}
	}
	return stream
}

// Missing instances are sent to the caller, and only those that the provider reports as not found
// are marked as gone.
func TestAbsenceProbe(t *testing.T) {
	t.Parallel()
	s := start(t)
	all := machines(region, 0, 9)
	s.apply(t, observation(account, region, 1), all...)
	found := proto.CloneOf(all[6])
	found.DisplayName = "found"

	got, err := settleWith(s.listed(t, 2, all[:5]...), func(absent *inventoryv1.Instance) *inventoryv1.SnapshotVerdict_Finding {
		want := &inventoryv1.Instance{ProviderId: absent.GetProviderId()}
		for _, m := range all[5:] {
			if m.GetProviderId() == want.GetProviderId() {
				want.ProviderUri, want.DisplayName, want.Location = m.GetProviderUri(), m.GetDisplayName(), m.GetLocation()
			}
		}
		if !proto.Equal(absent, want) {
			t.Errorf("asked for %v, want %v", absent, want)
		}
		switch absent.GetProviderId() {
		case all[5].GetProviderId():
			return evidence(inventoryv1.SnapshotVerdict_Finding_NOT_FOUND)
		case all[6].GetProviderId():
			return &inventoryv1.SnapshotVerdict_Finding{Evidence: inventoryv1.SnapshotVerdict_Finding_FOUND, Instance: found}
		case all[7].GetProviderId():
			return evidence(inventoryv1.SnapshotVerdict_Finding_CANT_TELL)
		default:
			return nil // without evidence
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.GetGone() != 1 || got.GetChanged() != 1 || got.GetUnchanged() != 5 || got.GetMissing() != 2 || got.GetMissingReason() == "" {
		t.Errorf("got %v", got)
	}
	there := map[string]string{}
	for _, i := range s.list(t, &inventoryv1.ListInstancesRequest{}) {
		there[i.GetProviderId()] = i.GetDisplayName()
	}
	if len(there) != 8 || there[all[5].GetProviderId()] != "" || there[all[6].GetProviderId()] != "found" {
		t.Errorf("the inventory has %v", there)
	}
}

// If no verdict arrives, nothing is applied, and the next observation can be.
func TestAbsenceProbe_NoVerdict(t *testing.T) {
	t.Parallel()
	gone := evidence(inventoryv1.SnapshotVerdict_Finding_NOT_FOUND)
	gone.ProviderId = machine(region, 2).GetProviderId()
	for name, answers := range map[string][]*inventoryv1.ApplySnapshotRequest{
		"silence":         nil,
		"not the last":    {verdict(false, gone)},
		"something else":  {seen(machine(region, 7))},
		"complete again":  {verdict(false, gone), complete(1)},
		"found, but what": {verdict(true, &inventoryv1.SnapshotVerdict_Finding{ProviderId: gone.GetProviderId(), Evidence: inventoryv1.SnapshotVerdict_Finding_FOUND})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.apply(t, observation(account, region, 1), machine(region, 1), machine(region, 2))
			stream := s.listed(t, 2, named("changed"))
			if answer, err := stream.Recv(); err != nil || len(answer.GetAbsent().GetInstances()) != 1 || !answer.GetAbsent().GetFinal() {
				t.Fatalf("asked %v, %v", answer, err)
			}
			for _, message := range answers {
				if err := stream.Send(message); err != nil {
					t.Fatal(err)
				}
			}
			if err := stream.CloseSend(); err != nil {
				t.Fatal(err)
			}
			reason := "INCOMPLETE_SNAPSHOT"
			if name == "found, but what" {
				reason = "INVALID_FIELD"
			}
			_, err := stream.Recv()
			refused(t, err, codes.InvalidArgument, reason)
			for _, i := range s.list(t, &inventoryv1.ListInstancesRequest{}) {
				if i.GetDisplayName() == "changed" {
					t.Error("it was applied")
				}
			}
			if resp := s.apply(t, observation(account, region, 2), machine(region, 1), machine(region, 2)); resp.GetUnchanged() != 2 {
				t.Errorf("then %v", resp)
			}
		})
	}
}

// Many missing instances are sent in several messages.
func TestAbsenceProbe_ManyMessages(t *testing.T) {
	t.Parallel()
	s := start(t)
	all := machines(region, 0, 5000)
	more := machines(region, 5000, 10_003)
	if _, err := s.send(t, begin(observation(account, region, 1)), seen(all...), seen(more[:5000]...), seen(more[5000:]...), complete(10_003)); err != nil {
		t.Fatal(err)
	}
	stream := s.listed(t, 2, all...)
	asked, messages := map[string]bool{}, 0
	for final := false; !final; messages++ {
		answer, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(answer.GetAbsent().GetInstances()); n == 0 || n > 5000 {
			t.Fatalf("%d in one message", n)
		}
		for _, i := range answer.GetAbsent().GetInstances() {
			asked[i.GetProviderId()] = true
		}
		final = answer.GetAbsent().GetFinal()
	}
	if len(asked) != 5003 || messages != 2 {
		t.Errorf("asked for %d in %d messages", len(asked), messages)
	}
	if err := stream.Send(verdict(true)); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if got := answer.GetResult(); err != nil || got.GetMissing() != 5003 || got.GetGone() != 0 || got.GetUnchanged() != 5000 {
		t.Errorf("got %v, %v", got, err)
	}
}
