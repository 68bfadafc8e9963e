package grpc

import (
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/inventory/watch"
)

// WatchInstances tells what happens to the roll.
func (s *Inventory) WatchInstances(req *inventoryv1.WatchInstancesRequest, stream grpc.ServerStreamingServer[inventoryv1.WatchInstancesResponse]) error {
	request := watch.Request{
		Filter:      req.GetFilter(),
		ResumeToken: req.GetResumeToken(),
		Existing:    req.GetIncludeExisting(),
		Heartbeat:   req.GetHeartbeatInterval().AsDuration(),
	}
	// The header tells that the watch has begun: a client that waits for it misses
	// nothing of what it does next.
	ready := func() error { return stream.SendHeader(metadata.MD{}) }
	return s.hub.Watch(stream.Context(), request, ready, func(m *watch.Message) error {
		return stream.Send(toMessage(m))
	})
}

// toMessage is a message as the contract has it.
func toMessage(m *watch.Message) *inventoryv1.WatchInstancesResponse {
	if m.Event != nil {
		message := &inventoryv1.WatchInstancesResponse{ResumeToken: m.Token}
		message.ProtoReflect().SetUnknown(m.Event.Body(eventBody))
		return message
	}
	message := &inventoryv1.WatchInstancesResponse{
		Type: toMessageType(m.Type), Revision: m.Revision, ResumeToken: m.Token,
	}
	if m.Instance != nil {
		message.Instance = toInstance(m.Instance)
	}
	return message
}

// eventBody is all of a message but the token, which each watcher has its own of,
// on the wire. It is encoded once and goes out as fields that this side does not
// know: the order of fields means nothing to who reads them.
func eventBody(e *watch.Event) []byte {
	body, err := proto.Marshal(&inventoryv1.WatchInstancesResponse{
		Instance:      toInstance(e.After),
		Type:          toMessageType(watch.MessageType(e.Type)),
		Revision:      e.Revision,
		ChangedFields: e.Fields(),
		CommitTime:    toTime(e.Time),
	})
	if err != nil {
		panic(err) // all texts are clean (see inventory.Instance.Clean)
	}
	return body
}

func toMessageType(t watch.MessageType) inventoryv1.WatchInstancesResponse_Type {
	return inventoryv1.WatchInstancesResponse_Type(inventoryv1.WatchInstancesResponse_Type_value[string(t)])
}
