package grpc

import (
	"context"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// The sizes of a page of changes.
const (
	defaultChanges = 50
	maxChanges     = 1000
)

// ListInstanceChanges returns a page of the changes of an instance.
func (s *Inventory) ListInstanceChanges(ctx context.Context, req *inventoryv1.ListInstanceChangesRequest) (*inventoryv1.ListInstanceChangesResponse, error) {
	uid, err := fromInstanceName(req.GetParent())
	if err != nil {
		return nil, err
	}
	query, err := inventory.HistoryRequest{
		Instance:  uid,
		PageSize:  pageSize(req.GetPageSize(), defaultChanges, maxChanges),
		PageToken: req.GetPageToken(),
	}.Parse()
	if err != nil {
		return nil, err
	}
	page, err := s.reader.ListInstanceChanges(ctx, query)
	if err != nil {
		return nil, err
	}
	resp := &inventoryv1.ListInstanceChangesResponse{
		Changes:          make([]*inventoryv1.InstanceChange, len(page.Changes)),
		NextPageToken:    query.PageToken(page.Next),
		Gaps:             toGaps(page.Gaps),
		HistoryStartTime: toTime(page.Since),
	}
	for n := range page.Changes {
		if resp.Changes[n], err = toChange(req.GetParent(), &page.Changes[n]); err != nil {
			return nil, err
		}
	}
	return resp, nil
}

func toChange(name string, change *inventory.HistoryChange) (*inventoryv1.InstanceChange, error) {
	message := &inventoryv1.InstanceChange{
		Instance:    name,
		Revision:    change.Revision,
		Type:        inventoryv1.InstanceChange_Type(inventoryv1.InstanceChange_Type_value[string(change.Type)]),
		CommitTime:  toTime(change.CommitTime),
		ObserveTime: toTime(change.ObserveTime),
		Fields:      make([]*inventoryv1.InstanceChange_FieldChange, len(change.Fields)),
	}
	for n, field := range change.Fields {
		from, err := structpb.NewValue(field.From)
		if err != nil {
			return nil, err
		}
		to, err := structpb.NewValue(field.To)
		if err != nil {
			return nil, err
		}
		message.Fields[n] = &inventoryv1.InstanceChange_FieldChange{Field: field.Field, From: from, To: to}
	}
	return message, nil
}
