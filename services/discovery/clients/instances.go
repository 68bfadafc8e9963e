package clients

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/discovery"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// Instance returns one instance, even if it is gone.
func (i *Inventory) Instance(ctx context.Context, id string) (*operation.Stored, error) {
	instance, err := call(ctx, i.query.GetInstance, &inventoryv1.GetInstanceRequest{Name: operation.InstanceName(id)})
	if err != nil {
		return nil, err
	}
	return storedOf(instance), nil
}

// Lookup returns the instance with a provider id, in one account or, if that is "", in all.
func (i *Inventory) Lookup(ctx context.Context, providerID, account string) (*operation.Stored, error) {
	request := &inventoryv1.LookupInstanceRequest{By: &inventoryv1.LookupInstanceRequest_ProviderId{ProviderId: providerID}}
	if account != "" {
		request.Account = accountName(account)
	}
	instance, err := call(ctx, i.query.LookupInstance, request)
	if err != nil {
		return nil, err
	}
	return storedOf(instance), nil
}

// Select returns the instances that a filter matches, up to a number.
func (i *Inventory) Select(ctx context.Context, filter string, most int) (*operation.Selection, error) {
	selection := &operation.Selection{}
	request := &inventoryv1.ListInstancesRequest{Filter: filter, PageSize: int32(min(most, pageSize))}
	for {
		page, err := call(ctx, i.query.ListInstances, request)
		if err != nil {
			return nil, err
		}
		if request.GetPageToken() == "" {
			selection.Total = int(page.GetTotalSize())
			selection.Unreachable = page.GetUnreachable()
			if oldest := page.GetFreshness().GetOldestObserveTime(); oldest != nil {
				selection.OldestObserveTime = oldest.AsTime()
			}
		}
		for _, instance := range page.GetInstances() {
			selection.Instances = append(selection.Instances, storedOf(instance))
		}
		if request.PageToken = page.GetNextPageToken(); request.GetPageToken() == "" || selection.Total > most {
			selection.Total = max(selection.Total, len(selection.Instances))
			return selection, nil
		}
	}
}

// Record stores an observation of one instance.
func (i *Inventory) Record(
	ctx context.Context, observation discovery.Observation, instance *provider.Instance,
) (*operation.Stored, error) {
	message := instanceOf(instance)
	message.Account = accountName(observation.Account)
	message.Provider = commonv1.Provider(commonv1.Provider_value[string(observation.Provider)])
	message.Kind = commonv1.Kind(commonv1.Kind_value[string(observation.Kind)])
	stored, err := call(ctx, i.ingest.UpsertInstance, &inventoryv1.UpsertInstanceRequest{
		Instance: message, Location: observation.Location, FencingToken: observation.Token,
		ObserveTime: timestamppb.New(observation.Time), EndToken: observation.EndToken,
	})
	if err != nil {
		return nil, err
	}
	return storedOf(stored), nil
}

// storedOf returns the fields of an instance that start and stop need.
func storedOf(i *inventoryv1.Instance) *operation.Stored {
	prov, kind := cloud.Provider(i.GetProvider().String()), cloud.Kind(i.GetKind().String())
	stored := &operation.Stored{
		ID:       strings.TrimPrefix(i.GetName(), operation.InstanceName("")),
		Account:  accountID(i.GetAccount()),
		Provider: prov,
		ScopeID:  operation.ScopeOf(prov, kind, i.GetLocation().GetRegion(), i.GetLocation().GetZone()),
		Etag:     i.GetEtag(),
		Gone:     i.GetState() == inventoryv1.Instance_GONE,
		Instance: provider.Instance{
			ProviderID:    i.GetProviderId(),
			ProviderURI:   i.GetProviderUri(),
			DisplayName:   i.GetDisplayName(),
			Region:        i.GetLocation().GetRegion(),
			Zone:          i.GetLocation().GetZone(),
			State:         provider.State(i.GetState().String()),
			ProviderState: i.GetProviderState(),
			MachineType:   i.GetMachineType(),
			Labels:        i.GetLabels(),
		},
	}
	if db := i.GetDatabase(); db != nil {
		stored.Instance.Database = &provider.DatabaseDetails{
			Engine: db.GetEngine(), Cluster: db.GetCluster(), ClusterWriter: db.GetClusterWriter(), ReplicaOf: db.GetReplicaOf(),
		}
		if at := db.GetAutoRestartTime(); at != nil {
			stored.Instance.Database.AutoRestartTime = at.AsTime()
		}
	}
	return stored
}
