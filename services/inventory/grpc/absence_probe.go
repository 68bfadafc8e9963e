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

// missingSize is the number of missing instances in one message.
const missingSize = 5000

// probe sends the missing instances to the caller, and records what the provider answers about them.
func (r *snapshotReader) probe(missing []uuid.UUID) error {
	sent := 0
	for batch := range slices.Chunk(missing, missingSize) {
		described, err := r.ingest.Describe(r.stream.Context(), batch)
		if err != nil {
			return err
		}
		sent += len(batch)
		message := &inventoryv1.SnapshotAbsent{Instances: make([]*inventoryv1.Instance, len(described)), Final: sent == len(missing)}
		for n := range described {
			message.Instances[n] = toMissing(&described[n])
		}
		err = r.stream.Send(&inventoryv1.ApplySnapshotResponse{Message: &inventoryv1.ApplySnapshotResponse_Absent{Absent: message}})
		if err != nil {
			return err
		}
	}
	return r.readVerdict()
}

// readVerdict reads the verdict, which ends with its final message.
func (r *snapshotReader) readVerdict() error {
	for {
		req, err := r.stream.Recv()
		if errors.Is(err, io.EOF) {
			return incomplete("the stream ended without the final `verdict`")
		}
		if err != nil {
			return err
		}
		verdict := req.GetVerdict()
		if verdict == nil {
			return incomplete("the answer to `absent` must be `verdict`")
		}
		for _, finding := range verdict.GetFindings() {
			if err := r.snapshot.RecordEvidence(fromFinding(finding)); err != nil {
				return err
			}
		}
		r.snapshot.End(verdict.GetEndToken())
		if verdict.GetFinal() {
			return nil
		}
	}
}

// toMissing returns what is needed to ask a provider for an instance.
func toMissing(i *inventory.Instance) *inventoryv1.Instance {
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
		f.Instance = new(inventory.Instance)
		readInstance(f.Instance, m.GetInstance())
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
		return inventory.Inconclusive
	}
}
