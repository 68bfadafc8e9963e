package grpc

import (
	"errors"
	"io"
	"slices"

	"github.com/google/uuid"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// absentSize is how many absent instances go into one message.
const absentSize = 5000

// ask tells the caller what is absent, and hears what the cloud says of it.
func (in *intake) ask(absent []uuid.UUID) error {
	told := 0
	for batch := range slices.Chunk(absent, absentSize) {
		described, err := in.store.Describe(in.stream.Context(), batch)
		if err != nil {
			return err
		}
		told += len(batch)
		message := &inventoryv1.SnapshotAbsent{Instances: make([]*inventoryv1.Instance, len(described)), Final: told == len(absent)}
		for n := range described {
			message.Instances[n] = toAbsent(&described[n])
		}
		err = in.stream.Send(&inventoryv1.ApplySnapshotResponse{Message: &inventoryv1.ApplySnapshotResponse_Absent{Absent: message}})
		if err != nil {
			return err
		}
	}
	return in.hear()
}

// hear takes the verdict, which ends with its final message.
func (in *intake) hear() error {
	for {
		req, err := in.stream.Recv()
		if errors.Is(err, io.EOF) {
			return incomplete("the stream ended without the final `verdict`")
		}
		if err != nil {
			return err
		}
		verdict := req.GetVerdict()
		if verdict == nil {
			return incomplete("`absent` is answered by `verdict`")
		}
		for _, finding := range verdict.GetFindings() {
			if err := in.snapshot.Hear(fromFinding(finding)); err != nil {
				return err
			}
		}
		in.snapshot.End(verdict.GetEndToken())
		if verdict.GetFinal() {
			return nil
		}
	}
}

// toAbsent is what is needed to ask a cloud for an instance.
func toAbsent(i *inventory.Instance) *inventoryv1.Instance {
	m := &inventoryv1.Instance{
		ProviderId: i.ProviderID, ProviderUri: i.ProviderURI, DisplayName: i.DisplayName,
		Location: &commonv1.Location{Region: i.Region, Zone: i.Zone},
	}
	if i.DB != nil {
		toDetails(m, i)
	}
	return m
}

func fromFinding(m *inventoryv1.SnapshotVerdict_Finding) inventory.Finding {
	f := inventory.Finding{
		ProviderID: m.GetProviderId(), Evidence: fromEvidence(m.GetEvidence()),
		Failure: inventory.Failure{Reason: m.GetReason(), Error: m.GetError()},
	}
	if m.GetInstance() != nil {
		instance := fromInstance(m.GetInstance())
		f.Instance = &instance
	}
	return f
}

func fromEvidence(e inventoryv1.SnapshotVerdict_Finding_Evidence) inventory.Evidence {
	switch e {
	case inventoryv1.SnapshotVerdict_Finding_FOUND:
		return inventory.Found
	case inventoryv1.SnapshotVerdict_Finding_NOT_FOUND:
		return inventory.NotFound
	case inventoryv1.SnapshotVerdict_Finding_UNLISTED:
		return inventory.Unlisted
	default:
		return inventory.CantTell
	}
}
