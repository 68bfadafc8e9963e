package grpc

import (
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-dev/rollcall/services/inventory/changefeed"
)

// WatchInstances streams the changes of instances.
func (s *Inventory) WatchInstances(req *inventoryv1.WatchInstancesRequest, stream grpc.ServerStreamingServer[inventoryv1.WatchInstancesResponse]) error {
	request := changefeed.Request{
		Filter:      req.GetFilter(),
		ResumeToken: req.GetResumeToken(),
		Existing:    req.GetIncludeExisting(),
		Heartbeat:   req.GetHeartbeatInterval().AsDuration(),
	}
	// The header reports that the watch has begun. A client that waits for it receives every change that it makes
	// from then on.
	ready := func() error { return stream.SendHeader(metadata.MD{}) }
	return s.watcher.Watch(stream.Context(), request, ready, func(m *changefeed.Message) error {
		return stream.Send(toMessage(m))
	})
}

// toMessage converts a message to protobuf.
func toMessage(m *changefeed.Message) *inventoryv1.WatchInstancesResponse {
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

// eventBody returns all of a message but the resume token, encoded. It is encoded once for all watchers and is
// attached as unknown fields, which Marshal writes as they are; the order of fields has no meaning for clients.
func eventBody(e *changefeed.Event) []byte {
	body, err := proto.Marshal(&inventoryv1.WatchInstancesResponse{
		Instance:      toInstance(e.After),
		Type:          toMessageType(changefeed.MessageType(e.Type)),
		Revision:      e.Revision,
		ChangedFields: e.Fields(),
		CommitTime:    toTime(e.Time),
	})
	if err != nil {
		panic(err) // can't happen, because all texts are valid (see inventory.Instance.Clean)
	}
	return body
}

func toMessageType(t changefeed.MessageType) inventoryv1.WatchInstancesResponse_Type {
	return inventoryv1.WatchInstancesResponse_Type(inventoryv1.WatchInstancesResponse_Type_value[string(t)])
}
