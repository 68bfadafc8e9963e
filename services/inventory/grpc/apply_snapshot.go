package grpc

import (
	"errors"
	"io"
	"slices"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/ingest"
)

// snapshotStream is the stream of one call of ApplySnapshot.
type snapshotStream = grpc.BidiStreamingServer[inventoryv1.ApplySnapshotRequest, inventoryv1.ApplySnapshotResponse]

// ApplySnapshot applies one attempt to observe a scope.
func (s *Ingest) ApplySnapshot(stream snapshotStream) error {
	first, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		return incomplete("the stream is empty")
	}
	if err != nil {
		return err
	}
	if first.GetStart() == nil {
		return incomplete("the first message must be `start`")
	}
	obs, err := fromStart(first.GetStart())
	if err != nil {
		return err
	}
	reader := snapshotReader{ingest: s.ingest, obs: obs, stream: stream}
	changes, err := reader.read()
	if closeErr := reader.close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return stream.Send(&inventoryv1.ApplySnapshotResponse{Message: &inventoryv1.ApplySnapshotResponse_Result{
		Result: toResult(changes),
	}})
}

func toResult(c inventory.Changes) *inventoryv1.SnapshotResult {
	return &inventoryv1.SnapshotResult{
		Created: c.Created, Changed: c.Changed, Gone: c.Gone, Reappeared: c.Reappeared, Unchanged: c.Unchanged,
		Missing: c.Missing, MissingReason: c.MissingReason,
	}
}

// incomplete returns the fault for a stream whose messages are not in the order of the API.
func incomplete(what string) *fault.Error {
	return fault.New(fault.KindInvalidArgument, fault.ReasonIncompleteSnapshot, "%s; nothing was applied", what)
}

// snapshotReader reads the messages after `start`.
type snapshotReader struct {
	ingest *ingest.Service
	obs    inventory.Observation
	stream snapshotStream
	// snapshot is nil before the scope is claimed.
	snapshot *ingest.Snapshot
	// page is used for all pages, because the snapshot keeps no reference to it.
	page []inventory.Instance
}

func (r *snapshotReader) read() (inventory.Changes, error) {
	for {
		req, err := r.stream.Recv()
		if errors.Is(err, io.EOF) {
			return inventory.Changes{}, incomplete("the stream ended without `complete` or `failure`")
		}
		if err != nil {
			return inventory.Changes{}, err
		}
		switch message := req.GetMessage().(type) {
		case *inventoryv1.ApplySnapshotRequest_Instances:
			if err := r.observe(message.Instances.GetInstances()); err != nil {
				return inventory.Changes{}, err
			}
		case *inventoryv1.ApplySnapshotRequest_Complete:
			return r.complete(message.Complete)
		case *inventoryv1.ApplySnapshotRequest_Failure:
			return inventory.Changes{}, r.fail(message.Failure)
		default:
			return inventory.Changes{}, incomplete("after `start` come `instances`, then `complete` or `failure`")
		}
	}
}

// begin claims the scope with the first instances. A failure needs no claim.
func (r *snapshotReader) begin() (err error) {
	if r.snapshot != nil {
		return nil
	}
	if r.obs.Scope.Location == inventory.WholeAccount {
		return fault.Invalid("start.location", "`-` stands for an account that could not be read: only `failure` can follow")
	}
	r.snapshot, err = r.ingest.Begin(r.stream.Context(), r.obs)
	return err
}

// pageInstances is the number of instances that are observed at once: enough for all processors, and little
// memory for each stream.
const pageInstances = 500

func (r *snapshotReader) observe(instances []*inventoryv1.Instance) error {
	if err := r.begin(); err != nil {
		return err
	}
	for some := range slices.Chunk(instances, pageInstances) {
		r.page = slices.Grow(r.page[:0], len(some))[:len(some)]
		for n, message := range some {
			readInstance(&r.page[n], message)
		}
		if err := r.snapshot.Observe(r.page...); err != nil {
			return err
		}
	}
	return nil
}

// complete applies the snapshot, after the caller has asked the provider for the missing instances.
func (r *snapshotReader) complete(message *inventoryv1.SnapshotComplete) (inventory.Changes, error) {
	if err := r.begin(); err != nil {
		return inventory.Changes{}, err
	}
	r.snapshot.End(message.GetEndToken())
	missing, err := r.snapshot.Missing(message.GetInstanceCount(), fromBudgets(message.GetApiBudgets())...)
	if err != nil {
		return inventory.Changes{}, err
	}
	if len(missing) > 0 {
		if err := r.probe(missing); err != nil {
			return inventory.Changes{}, err
		}
	}
	return r.snapshot.Complete(r.stream.Context())
}

// fail records the failure if nothing follows it.
func (r *snapshotReader) fail(message *inventoryv1.SnapshotFailure) error {
	if err := r.requireEnd(); err != nil {
		return err
	}
	return r.ingest.Fail(r.stream.Context(), r.obs, inventory.Failure{
		Reason: message.GetReason(), Error: message.GetError(), Budgets: fromBudgets(message.GetApiBudgets()),
	})
}

// requireEnd waits for the end of the caller's side. Only then is the stream complete, and its sender neither
// confused nor dead.
func (r *snapshotReader) requireEnd() error {
	switch _, err := r.stream.Recv(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	default:
		return incomplete("a message follows `failure`")
	}
}

func (r *snapshotReader) close() error {
	if r.snapshot == nil {
		return nil
	}
	return r.snapshot.Close(r.stream.Context())
}
