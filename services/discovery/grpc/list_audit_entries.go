package grpc

import (
	"context"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// ListAuditEntries lists audit entries, newest first.
func (s *auditServer) ListAuditEntries(
	ctx context.Context, req *discoveryv1.ListAuditEntriesRequest,
) (*discoveryv1.ListAuditEntriesResponse, error) {
	entries, next, err := s.operations.AuditEntries(ctx, req.GetFilter(), req.GetPageToken(), pageSize(req.GetPageSize()))
	if err != nil {
		return nil, err
	}
	response := &discoveryv1.ListAuditEntriesResponse{NextPageToken: next}
	for _, entry := range entries {
		response.AuditEntries = append(response.AuditEntries, auditEntry(entry))
	}
	return response, nil
}
