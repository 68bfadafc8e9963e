package grpc

import (
	"errors"
	"io"
	"slices"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

// ApplySnapshot takes one try to observe a scope.
func (s *Ingest) ApplySnapshot(stream grpc.BidiStreamingServer[inventoryv1.ApplySnapshotRequest, inventoryv1.ApplySnapshotResponse]) error {
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
	in := intake{store: s.store, obs: obs, stream: stream}
	changes, err := in.run()
	if closeErr := in.close(); err == nil {
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

// incomplete refuses a stream that is not in the order of the contract.
func incomplete(what string) *fault.Error {
	return fault.New(fault.KindInvalidArgument, inventory.ReasonIncomplete, "%s; nothing was applied", what)
}

// intake reads what follows `start`.
type intake struct {
	store    *postgres.Store
	obs      inventory.Observation
	stream   grpc.BidiStreamingServer[inventoryv1.ApplySnapshotRequest, inventoryv1.ApplySnapshotResponse]
	snapshot *postgres.Snapshot
	page     []inventory.Instance // one for all: the snapshot keeps nothing of it
}

func (in *intake) run() (inventory.Changes, error) {
	for {
		req, err := in.stream.Recv()
		if errors.Is(err, io.EOF) {
			return inventory.Changes{}, incomplete("the stream ended without `complete` or `failure`")
		}
		if err != nil {
			return inventory.Changes{}, err
		}
		switch message := req.GetMessage().(type) {
		case *inventoryv1.ApplySnapshotRequest_Instances:
			if err := in.observe(message.Instances.GetInstances()); err != nil {
				return inventory.Changes{}, err
			}
		case *inventoryv1.ApplySnapshotRequest_Complete:
			return in.complete(message.Complete)
		case *inventoryv1.ApplySnapshotRequest_Failure:
			return inventory.Changes{}, in.fail(message.Failure)
		default:
			return inventory.Changes{}, incomplete("after `start` come `instances`, then `complete` or `failure`")
		}
	}
}

// begin claims the scope, once something of it was seen: a failure needs no
// claim.
func (in *intake) begin() (err error) {
	if in.snapshot != nil {
		return nil
	}
	if in.obs.Scope.Location == inventory.WholeAccount {
		return fault.Invalid("start.location", "`-` stands for what could not be looked at: only `failure` can follow")
	}
	in.snapshot, err = in.store.BeginSnapshot(in.stream.Context(), in.obs)
	return err
}

// observeAtOnce is how many instances are decided on at once: enough to be worth
// all processors, and little memory for each stream.
const observeAtOnce = 500

func (in *intake) observe(instances []*inventoryv1.Instance) error {
	if err := in.begin(); err != nil {
		return err
	}
	for some := range slices.Chunk(instances, observeAtOnce) {
		in.page = slices.Grow(in.page[:0], len(some))[:len(some)]
		for n, message := range some {
			readInstance(&in.page[n], message)
		}
		if err := in.snapshot.Observe(in.page...); err != nil {
			return err
		}
	}
	return nil
}

// complete applies the snapshot, once the caller has said what the cloud knows
// of what it lacks.
func (in *intake) complete(message *inventoryv1.SnapshotComplete) (inventory.Changes, error) {
	if err := in.begin(); err != nil {
		return inventory.Changes{}, err
	}
	in.snapshot.End(message.GetEndToken())
	absent, err := in.snapshot.Absent(message.GetInstanceCount(), fromBudgets(message.GetApiBudgets())...)
	if err != nil {
		return inventory.Changes{}, err
	}
	if len(absent) > 0 {
		if err := in.ask(absent); err != nil {
			return inventory.Changes{}, err
		}
	}
	return in.snapshot.Complete(in.stream.Context())
}

// fail writes the failure down when nothing follows.
func (in *intake) fail(message *inventoryv1.SnapshotFailure) error {
	if err := in.last(); err != nil {
		return err
	}
	failure := inventory.Failure{
		Reason: message.GetReason(), Error: message.GetError(), Budgets: fromBudgets(message.GetApiBudgets()),
	}
	if in.obs.Scope.Location == inventory.WholeAccount {
		return in.store.FailAccount(in.stream.Context(), in.obs, failure)
	}
	return in.store.FailScope(in.stream.Context(), in.obs, failure)
}

// last waits for the end of the caller's side: only then is the stream whole, and
// not one whose sender lost count or died.
func (in *intake) last() error {
	switch _, err := in.stream.Recv(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	default:
		return incomplete("something follows `failure`")
	}
}

func (in *intake) close() error {
	if in.snapshot == nil {
		return nil
	}
	return in.snapshot.Close(in.stream.Context())
}
