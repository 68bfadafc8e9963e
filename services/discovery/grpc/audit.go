package grpc

import (
	"context"

	"google.golang.org/grpc"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// audit is the AuditService.
type audit struct {
	discoveryv1.UnimplementedAuditServiceServer
	Options
}

// ListAuditEntries lists entries, newest first.
func (s *audit) ListAuditEntries(
	ctx context.Context, req *discoveryv1.ListAuditEntriesRequest,
) (*discoveryv1.ListAuditEntriesResponse, error) {
	size := min(int(req.GetPageSize()), largestPage)
	if size == 0 {
		size = defaultPage
	}
	entries, next, err := s.Operations.AuditEntries(ctx, req.GetFilter(), req.GetPageToken(), size)
	if err != nil {
		return nil, err
	}
	response := &discoveryv1.ListAuditEntriesResponse{NextPageToken: next}
	for _, entry := range entries {
		response.AuditEntries = append(response.AuditEntries, auditEntry(entry))
	}
	return response, nil
}

// ExportAuditEntries gives all entries that the filter matches, oldest first.
func (s *audit) ExportAuditEntries(
	req *discoveryv1.ExportAuditEntriesRequest, stream grpc.ServerStreamingServer[discoveryv1.ExportAuditEntriesResponse],
) error {
	return s.Operations.ExportAudit(stream.Context(), req.GetFilter(), func(entry *operation.AuditEntry) error {
		return stream.Send(&discoveryv1.ExportAuditEntriesResponse{AuditEntry: auditEntry(entry)})
	})
}

func auditEntry(e *operation.AuditEntry) *discoveryv1.AuditEntry {
	message := &discoveryv1.AuditEntry{
		Name:          "auditEntries/" + e.ID,
		Time:          timeOf(e.Time),
		Event:         discoveryv1.AuditEntry_Event(discoveryv1.AuditEntry_Event_value[string(e.Event)]),
		Verb:          verbOf(e.Verb),
		Requester:     requester(&e.Requester),
		Reason:        e.Reason,
		RequestId:     e.RequestID,
		ProviderId:    e.ProviderID,
		DisplayName:   e.DisplayName,
		Filter:        e.Filter,
		Outcome:       string(e.Outcome),
		OutcomeReason: e.OutcomeReason,
		Message:       e.Message,
		InstanceState: string(e.InstanceState),
	}
	if e.Operation != "" {
		message.Operation = operation.OperationName(e.Operation)
	}
	if e.Instance != "" {
		message.Instance = operation.InstanceName(e.Instance)
	}
	if e.Account != "" {
		message.Account = accountPrefix + e.Account
	}
	return message
}
