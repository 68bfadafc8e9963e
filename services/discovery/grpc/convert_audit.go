package grpc

import (
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
)

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
		message.Operation = operation.Name(e.Operation)
	}
	if e.Instance != "" {
		message.Instance = operation.InstanceName(e.Instance)
	}
	if e.Account != "" {
		message.Account = accountPrefix + e.Account
	}
	return message
}
