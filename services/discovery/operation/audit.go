package operation

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// AuditEvent names an event, spelled as the value of
// rollcall.discovery.v1.AuditEntry.Event.
type AuditEvent string

// The events.
const (
	AuditRequested       AuditEvent = "REQUESTED"
	AuditRefused         AuditEvent = "REFUSED"
	AuditValidated       AuditEvent = "VALIDATED"
	AuditCalled          AuditEvent = "CALLED"
	AuditEnded           AuditEvent = "ENDED"
	AuditCancelRequested AuditEvent = "CANCEL_REQUESTED"
	AuditDeleted         AuditEvent = "DELETED"
	AuditReleased        AuditEvent = "RELEASED"
)

// AuditEntry records one event.
type AuditEntry struct {
	// ID is a UUIDv7. The store sets it, and the time.
	ID    string
	Time  time.Time
	Event AuditEvent
	Verb  provider.Verb
	Requester
	Reason, RequestID string
	// Operation, Instance and Account are ids; "" if there is none.
	Operation, Instance, Account string
	ProviderID, DisplayName      string
	Filter                       string
	Outcome                      TargetState
	OutcomeReason                string
	Message                      string
	InstanceState                provider.State
}

// operationEntry returns an entry about an operation.
func operationEntry(o *Operation, event AuditEvent) AuditEntry {
	return AuditEntry{
		Event: event, Verb: o.Verb, Requester: o.Requester, Reason: o.Reason, RequestID: o.RequestID,
		Operation: o.ID, Filter: o.Filter,
	}
}

// targetEntry returns an entry about one target of an operation.
func targetEntry(o *Operation, event AuditEvent, t *Target) AuditEntry {
	e := operationEntry(o, event)
	e.Instance, e.Account, e.ProviderID, e.DisplayName = t.Instance, t.Account, t.ProviderID, t.DisplayName
	e.InstanceState = t.CurrentState
	if event == AuditEnded {
		e.Outcome = t.State
	}
	if len(t.Steps) > 0 {
		e.Message = t.Steps[len(t.Steps)-1].Text
	}
	if t.Refusal != nil {
		e.OutcomeReason, e.Message = string(t.Refusal.Reason), t.Refusal.Message
	}
	return e
}
