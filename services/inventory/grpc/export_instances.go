package grpc

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const (
	// exportInstances is the number of instances in a message.
	exportInstances = 500
	// exportBytes is about the largest size of a message. Clients accept 4 MiB by default.
	exportBytes = 2 << 20
	// exportPatience is how long a client may read nothing.
	exportPatience = 30 * time.Second
)

// ExportInstances streams all instances that a filter matches.
func (s *Inventory) ExportInstances(req *inventoryv1.ExportInstancesRequest, stream grpc.ServerStreamingServer[inventoryv1.ExportInstancesResponse]) error {
	ctx := stream.Context()
	query, err := inventory.ExportRequest{
		Filter: req.GetFilter(), ShowGone: req.GetShowGone(), MaxStaleness: req.GetMaxStaleness().AsDuration(),
	}.Parse()
	if err != nil {
		return err
	}
	e := export{instances: newEncoder(exportInstances), messages: make(chan *inventoryv1.ExportInstancesResponse, 1), ended: make(chan error, 1)}
	// A client that reads nothing blocks its stream, and must not block the transaction.
	go func() { e.ended <- e.send(stream) }()
	err = s.reader.ExportInstances(ctx, query,
		func(f inventory.Freshness) error { return e.begin(ctx, f) },
		func(r *inventory.Record) error { return e.add(ctx, r) })
	if err == nil {
		err = e.end(ctx)
	}
	close(e.messages)
	if err != nil {
		return err
	}
	return e.await()
}

// export is one answer of ExportInstances.
type export struct {
	instances *encoder
	count     int64
	messages  chan *inventoryv1.ExportInstancesResponse
	// ended receives the result of send.
	ended chan error
}

func (e *export) begin(ctx context.Context, f inventory.Freshness) error {
	return e.put(ctx, &inventoryv1.ExportInstancesResponse{
		Freshness: toFreshness(f), Unreachable: inventory.ScopeNames(f.Unreachable),
	})
}

func (e *export) add(ctx context.Context, r *inventory.Record) error {
	if err := e.instances.add(r); err != nil {
		return err
	}
	if e.count++; e.count%exportInstances > 0 && len(e.instances.out) < exportBytes {
		return nil
	}
	return e.put(ctx, e.message())
}

func (e *export) end(ctx context.Context) error {
	last := e.message()
	last.InstanceCount = proto.Int64(e.count)
	return e.put(ctx, last)
}

// message returns a message with the instances that were added since the one before.
func (e *export) message() *inventoryv1.ExportInstancesResponse {
	message := &inventoryv1.ExportInstancesResponse{}
	// See ListInstances, whose field has the same number.
	message.ProtoReflect().SetUnknown(e.instances.out)
	e.instances.out = newEncoder(exportInstances).out
	return message
}

func (e *export) put(ctx context.Context, message *inventoryv1.ExportInstancesResponse) error {
	timer := time.NewTimer(exportPatience)
	defer timer.Stop()
	select {
	case e.messages <- message:
		return nil
	case err := <-e.ended:
		e.ended <- err
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return exportTooSlow()
	}
}

// send sends the messages to the stream.
func (e *export) send(stream grpc.ServerStreamingServer[inventoryv1.ExportInstancesResponse]) error {
	for message := range e.messages {
		if err := stream.Send(message); err != nil {
			return err
		}
	}
	return nil
}

// await waits until the last messages are sent.
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
	return fault.New(fault.KindResourceExhausted, fault.ReasonExportTooSlow,
		"the client of this export read nothing for %s; read faster, or narrow the filter", exportPatience)
}
