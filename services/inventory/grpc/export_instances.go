package grpc

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

const (
	// exportInstances is how many instances are in a message.
	exportInstances = 500
	// exportBytes is about how large a message gets at most: clients take 4 MiB.
	exportBytes = 2 << 20
	// exportPatience is how long a reader may take nothing.
	exportPatience = 30 * time.Second
)

// ExportInstances answers all instances.
func (s *Inventory) ExportInstances(req *inventoryv1.ExportInstancesRequest, stream grpc.ServerStreamingServer[inventoryv1.ExportInstancesResponse]) error {
	e := export{ctx: stream.Context(), messages: make(chan *inventoryv1.ExportInstancesResponse, 1), ended: make(chan error, 1), instances: newWire(exportInstances)}
	// A reader that takes nothing holds up its stream, which must not hold up us.
	go func() { e.ended <- e.send(stream) }()
	query := inventory.ExportQuery{Filter: req.GetFilter(), ShowGone: req.GetShowGone(), MaxStaleness: req.GetMaxStaleness().AsDuration()}
	err := s.store.ExportInstances(stream.Context(), query, e.begin, e.take)
	if err == nil {
		err = e.end()
	}
	close(e.messages)
	if err != nil {
		return err
	}
	return e.await()
}

// export is one answer of ExportInstances under way.
type export struct {
	ctx       context.Context
	instances *wire
	count     int64
	messages  chan *inventoryv1.ExportInstancesResponse
	// ended has why no more messages are sent.
	ended chan error
}

func (e *export) begin(f inventory.Freshness) error {
	return e.put(&inventoryv1.ExportInstancesResponse{
		Freshness: toFreshness(f), Unreachable: inventory.ScopeNames(f.Unreachable),
	})
}

func (e *export) take(r *postgres.Record) error {
	if err := e.instances.add(r); err != nil {
		return err
	}
	if e.count++; e.count%exportInstances > 0 && len(e.instances.out) < exportBytes {
		return nil
	}
	return e.put(e.message())
}

func (e *export) end() error {
	last := e.message()
	last.InstanceCount = proto.Int64(e.count)
	return e.put(last)
}

// message has what was taken since the one before.
func (e *export) message() *inventoryv1.ExportInstancesResponse {
	message := &inventoryv1.ExportInstancesResponse{}
	message.ProtoReflect().SetUnknown(e.instances.out) // as in ListInstances, whose field has the same number
	e.instances.out = newWire(exportInstances).out
	return message
}

func (e *export) put(message *inventoryv1.ExportInstancesResponse) error {
	timer := time.NewTimer(exportPatience)
	defer timer.Stop()
	select {
	case e.messages <- message:
		return nil
	case err := <-e.ended:
		e.ended <- err
		return err
	case <-e.ctx.Done():
		return context.Cause(e.ctx)
	case <-timer.C:
		return exportTooSlow()
	}
}

// send hands the messages to the stream.
func (e *export) send(stream grpc.ServerStreamingServer[inventoryv1.ExportInstancesResponse]) error {
	for message := range e.messages {
		if err := stream.Send(message); err != nil {
			return err
		}
	}
	return nil
}

// await waits until the stream has taken the last messages.
func (e *export) await() error {
	timer := time.NewTimer(exportPatience)
	defer timer.Stop()
	select {
	case err := <-e.ended:
		return err
	case <-timer.C:
		return exportTooSlow()
	}
}

func exportTooSlow() *fault.Error {
	return fault.New(fault.KindResourceExhausted, inventory.ReasonExportTooSlow,
		"the reader of this export took nothing for %s; read faster, or narrow the filter", exportPatience)
}
