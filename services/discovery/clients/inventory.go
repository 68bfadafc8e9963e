package clients

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/ratelimit"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Inventory is a client of the inventory service.
type Inventory struct {
	ingest inventoryv1.IngestServiceClient
	query  inventoryv1.InventoryServiceClient
}

// NewInventory returns a client on a connection to the internal endpoint.
func NewInventory(conn grpc.ClientConnInterface) *Inventory {
	return &Inventory{
		ingest: inventoryv1.NewIngestServiceClient(conn),
		query:  inventoryv1.NewInventoryServiceClient(conn),
	}
}

// wholeAccount is the location that stands for the whole account.
const wholeAccount = "-"

// Observe begins the snapshot of a scope.
func (i *Inventory) Observe(ctx context.Context, observation discovery.Observation) (sync.Snapshot, error) {
	s, err := i.begin(ctx, observation)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Fail records that a scope could not be observed.
func (i *Inventory) Fail(
	ctx context.Context, observation discovery.Observation, budgets []ratelimit.BudgetState, failure *fault.Error,
) error {
	s, err := i.begin(ctx, observation)
	if err != nil {
		return err
	}
	err = s.send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Failure{
		Failure: &inventoryv1.SnapshotFailure{Reason: string(failure.Reason), Error: failure.Message, ApiBudgets: budgetsOf(budgets)},
	}})
	if err != nil {
		return err
	}
	if err := s.stream.CloseSend(); err != nil {
		return faultOf(ctx, err)
	}
	_, err = s.result()
	return err
}

func (i *Inventory) begin(ctx context.Context, observation discovery.Observation) (*snapshot, error) {
	stream, err := i.ingest.ApplySnapshot(ctx)
	if err != nil {
		return nil, faultOf(ctx, err)
	}
	s := &snapshot{ctx: ctx, stream: stream}
	var interval *durationpb.Duration
	if observation.Interval > 0 {
		interval = durationpb.New(observation.Interval)
	}
	location := observation.Location
	if location == "" {
		location = wholeAccount
	}
	return s, s.send(&inventoryv1.ApplySnapshotRequest{Message: &inventoryv1.ApplySnapshotRequest_Start{
		Start: &inventoryv1.SnapshotStart{
			Account:      accountName(observation.Account),
			Provider:     commonv1.Provider(commonv1.Provider_value[string(observation.Provider)]),
			Kind:         commonv1.Kind(commonv1.Kind_value[string(observation.Kind)]),
			Location:     location,
			FencingToken: observation.Token,
			ObserveTime:  timestamppb.New(observation.Time),
			SyncInterval: interval,
		},
	}})
}

// Scopes lists the stored scopes of an account.
func (i *Inventory) Scopes(ctx context.Context, account string) ([]sync.StoredScope, error) {
	request := &inventoryv1.ListScopesRequest{Filter: fmt.Sprintf("account = %q", accountName(account)), PageSize: pageSize}
	var stored []sync.StoredScope
	for {
		response, err := call(ctx, i.query.ListScopes, request)
		if err != nil {
			return nil, err
		}
		for _, scope := range response.GetScopes() {
			if scope.GetLocation() == wholeAccount {
				continue
			}
			stored = append(stored, sync.StoredScope{
				ScopeID:   provider.ScopeID{Kind: cloud.Kind(scope.GetKind().String()), Location: scope.GetLocation()},
				Instances: scope.GetInstanceCount(),
				Observed:  scope.GetLastCompleteTime() != nil,
				LastError: scope.GetLastError(),
			})
		}
		if request.PageToken = response.GetNextPageToken(); request.PageToken == "" {
			return stored, nil
		}
	}
}

// RemoveAccount removes an account with its scopes and instances.
func (i *Inventory) RemoveAccount(ctx context.Context, account string, token int64) error {
	_, err := call(ctx, i.ingest.RemoveAccount, &inventoryv1.RemoveAccountRequest{Account: accountName(account), FencingToken: token})
	return err
}
