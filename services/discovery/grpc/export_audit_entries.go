package grpc

import (
	"google.golang.org/grpc"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

// ExportAuditEntries streams all audit entries that the filter matches, oldest first.
func (s *auditServer) ExportAuditEntries(
	req *discoveryv1.ExportAuditEntriesRequest, stream grpc.ServerStreamingServer[discoveryv1.ExportAuditEntriesResponse],
) error {
	return s.operations.ExportAudit(stream.Context(), req.GetFilter(), func(entry *operation.AuditEntry) error {
		return stream.Send(&discoveryv1.ExportAuditEntriesResponse{AuditEntry: auditEntry(entry)})
	})
}
