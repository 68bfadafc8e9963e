package roll

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/discovery"
)

// Inventory is the inventory service.
type Inventory struct {
	ingest inventoryv1.IngestServiceClient
	query  inventoryv1.InventoryServiceClient
}

// NewInventory is the inventory service behind its internal endpoint.
func NewInventory(conn grpc.ClientConnInterface) *Inventory {
	return &Inventory{
		ingest: inventoryv1.NewIngestServiceClient(conn),
		query:  inventoryv1.NewInventoryServiceClient(conn),
	}
}

const (
	// messageSize is about how many bytes of instances go into one message, and
	// messageCount how many at the most, whatever a cloud's page holds: memory on
	// both sides is a few of these a scope.
	messageSize  = 256 << 10
	messageCount = 1000
	// wholeAccount is the location that stands for all of an account.
	wholeAccount = "-"
)

// Observe begins the snapshot of a scope.
func (i *Inventory) Observe(ctx context.Context, observation discovery.Observation) (discovery.Snapshot, error) {
	s, err := i.begin(ctx, observation)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Fail says that a scope could not be observed.
func (i *Inventory) Fail(ctx context.Context, observation discovery.Observation, failure *discovery.Failure) error {
	s, err := i.begin(ctx, observation)
	if err != nil {
		return err
	}
	_, err = s.end(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Failure{
		Failure: &inventoryv1.SnapshotFailure{Reason: string(failure.Reason), Error: failure.Message},
	}})
	return err
}

func (i *Inventory) begin(ctx context.Context, observation discovery.Observation) (*snapshot, error) {
	stream, err := i.ingest.ApplySnapshot(ctx)
	if err != nil {
		return nil, faultOf(ctx, err)
	}
	s := &snapshot{ctx: ctx, stream: stream}
	location := observation.Location
	if location == "" {
		location = wholeAccount
	}
	return s, s.send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Start{
		Start: &inventoryv1.SnapshotStart{
			Account:      accountName(observation.Account),
			Provider:     inventoryv1.Provider(inventoryv1.Provider_value[string(observation.Provider)]),
			Kind:         inventoryv1.Kind(inventoryv1.Kind_value[string(observation.Kind)]),
			Location:     location,
			FencingToken: observation.Token,
			ObserveTime:  timestamppb.New(observation.Time),
		},
	}})
}

// snapshot is an ApplySnapshot stream.
type snapshot struct {
	ctx    context.Context //nolint:containedctx // The stream's, as long as this.
	stream grpc.ClientStreamingClient[inventoryv1.ApplySnapshotRequest, inventoryv1.ApplySnapshotResponse]
}

// Send sends instances.
func (s *snapshot) Send(instances []discovery.Instance) error {
	var (
		messages []*inventoryv1.Instance
		size     int
	)
	for n := range instances {
		message := instanceOf(&instances[n])
		messages = append(messages, message)
		size += proto.Size(message)
		if size >= messageSize || len(messages) >= messageCount {
			if err := s.sendInstances(messages); err != nil {
				return err
			}
			messages, size = nil, 0
		}
	}
	if len(messages) == 0 {
		return nil
	}
	return s.sendInstances(messages)
}

func (s *snapshot) sendInstances(instances []*inventoryv1.Instance) error {
	return s.send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Instances{
		Instances: &inventoryv1.SnapshotInstances{Instances: instances},
	}})
}

// Complete applies the snapshot.
func (s *snapshot) Complete(count int64) (discovery.Changes, error) {
	answer, err := s.end(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Complete{
		Complete: &inventoryv1.SnapshotComplete{InstanceCount: count},
	}})
	return discovery.Changes{
		Created: answer.GetCreated(), Changed: answer.GetChanged(), Gone: answer.GetGone(), Reappeared: answer.GetReappeared(),
	}, err
}

// send sends one message. When the server has ended the stream, its reason is
// the error.
func (s *snapshot) send(message *inventoryv1.ApplySnapshotRequest) error {
	err := s.stream.Send(message)
	if ended(err) {
		_, err = s.stream.CloseAndRecv()
		if err == nil {
			return fmt.Errorf("the inventory ended a snapshot before all was sent")
		}
	}
	return faultOf(s.ctx, err)
}

// end sends the last message and waits for the answer.
func (s *snapshot) end(last *inventoryv1.ApplySnapshotRequest) (*inventoryv1.ApplySnapshotResponse, error) {
	if err := s.send(last); err != nil {
		return nil, err
	}
	answer, err := s.stream.CloseAndRecv()
	return answer, faultOf(s.ctx, err)
}

// Scopes are those that the roll has of an account.
func (i *Inventory) Scopes(ctx context.Context, account string) ([]discovery.HeldScope, error) {
	request := &inventoryv1.ListScopesRequest{Filter: fmt.Sprintf("account = %q", accountName(account)), PageSize: pageSize}
	var held []discovery.HeldScope
	for {
		response, err := call(ctx, i.query.ListScopes, request)
		if err != nil {
			return nil, err
		}
		for _, scope := range response.GetScopes() {
			if scope.GetLocation() == wholeAccount {
				continue
			}
			held = append(held, discovery.HeldScope{
				ScopeID:   discovery.ScopeID{Kind: discovery.Kind(scope.GetKind().String()), Location: scope.GetLocation()},
				Instances: scope.GetInstanceCount(),
				LastError: scope.GetLastError(),
			})
		}
		if request.PageToken = response.GetNextPageToken(); request.PageToken == "" {
			return held, nil
		}
	}
}

// RemoveAccount takes all that an account had off the roll.
func (i *Inventory) RemoveAccount(ctx context.Context, account string, token int64) error {
	_, err := call(ctx, i.ingest.RemoveAccount, &inventoryv1.RemoveAccountRequest{Account: accountName(account), FencingToken: token})
	return err
}
