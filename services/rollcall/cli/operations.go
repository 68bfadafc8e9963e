package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

type operationsCommand struct {
	remote `embed:""`

	List   listOperations  `cmd:"" default:"withargs" help:"List starts and stops, newest first (the default)."`
	Get    getOperation    `cmd:"" help:"Show one operation with the result for each instance."`
	Wait   waitOperation   `cmd:"" help:"Wait for an operation to end."`
	Cancel cancelOperation `cmd:"" help:"Cancel an operation. Calls that were already made to the cloud are not undone."`
}

type listOperations struct {
	Filter string `short:"f" help:"AIP-160 filter, such as 'done = false'." placeholder:"FILTER"`
	Limit  int    `help:"Maximum number of operations; 0 for all." default:"20"`
}

// Run lists operations.
func (c *listOperations) Run(ctx context.Context, s *session) error {
	return listing[*longrunningpb.Operation, *discoveryv1.ListOperationsResponse]{
		key:     "operations",
		columns: operationColumns,
		fetch: func(ctx context.Context, size int32, token string) (*discoveryv1.ListOperationsResponse, error) {
			return s.operations().ListOperations(ctx, &discoveryv1.ListOperationsRequest{Filter: c.Filter, PageSize: size, PageToken: token})
		},
		items: (*discoveryv1.ListOperationsResponse).GetOperations,
		footnote: func(_ *discoveryv1.ListOperationsResponse, shown int) {
			if shown == 0 {
				fmt.Fprintln(s.err, "No operations found.")
			}
		},
	}.print(ctx, s, c.Limit)
}

// operationMetadata returns the metadata of an operation. It is empty if this program does not know
// its type.
func operationMetadata(o *longrunningpb.Operation) *discoveryv1.OperationMetadata {
	m := &discoveryv1.OperationMetadata{}
	_ = o.GetMetadata().UnmarshalTo(m) // m stays empty on failure
	return m
}

// resultTargets returns the instances of an operation with their results.
func resultTargets(o *longrunningpb.Operation) []*discoveryv1.Target {
	response := &discoveryv1.BatchLifecycleResponse{}
	if o.GetResponse().UnmarshalTo(response) == nil {
		return response.GetTargets()
	}
	return operationMetadata(o).GetTargets()
}

// meta returns the cell function of a column that shows metadata.
func meta(cell func(s *session, m *discoveryv1.OperationMetadata) string) func(*session, *longrunningpb.Operation) string {
	return func(s *session, o *longrunningpb.Operation) string { return cell(s, operationMetadata(o)) }
}

var operationColumns = []column[*longrunningpb.Operation]{
	{title: "operation", cell: func(_ *session, o *longrunningpb.Operation) string {
		return clean(id(operationsCollection, o.GetName()))
	}},
	{title: "verb", cell: meta(func(_ *session, m *discoveryv1.OperationMetadata) string { return enumText(m.GetVerb().String()) })},
	{title: "state", cell: meta(func(s *session, m *discoveryv1.OperationMetadata) string {
		return s.outStyle.state(m.GetState().String())
	})},
	{title: "instances", right: true, cell: meta(func(_ *session, m *discoveryv1.OperationMetadata) string {
		return fmt.Sprintf("%d/%d", m.GetProgress().GetSucceeded(), m.GetProgress().GetTotal())
	})},
	{title: "requested", cell: meta(func(s *session, m *discoveryv1.OperationMetadata) string { return s.ago(m.GetCreateTime()) })},
	{title: "took", right: true, cell: meta(func(_ *session, m *discoveryv1.OperationMetadata) string {
		return took(m.GetStartTime(), m.GetEndTime())
	})},
	{title: "requester", cell: meta(func(_ *session, m *discoveryv1.OperationMetadata) string {
		return clean(requesterText(m.GetRequester()))
	})},
	{title: "reason", cell: meta(func(_ *session, m *discoveryv1.OperationMetadata) string { return clean(m.GetReason()) })},
}

// requesterText returns who requested an operation, as far as it is known.
func requesterText(r *discoveryv1.Requester) string {
	switch {
	case r.GetSource() == discoveryv1.Requester_SYSTEM:
		return "rollcall"
	case r.GetUser() != "":
		return r.GetUser()
	case r.GetAddress() != "":
		return "unknown, from " + r.GetAddress()
	}
	return "unknown"
}

type getOperation struct {
	Name string `arg:"" help:"The name of the operation: operations/ID or only the ID." complete:"operation"`
}

// Run shows an operation.
func (c *getOperation) Run(ctx context.Context, s *session) error {
	operation, err := s.operations().GetOperation(ctx, &discoveryv1.GetOperationRequest{Name: resource(operationsCollection, c.Name)})
	if err != nil {
		return err
	}
	return s.showOperation(operation)
}

// showOperation prints an operation and its instances.
func (s *session) showOperation(o *longrunningpb.Operation) error {
	if s.format != formatTable {
		return printMessage(s.out, s.format, o)
	}
	m := operationMetadata(o)
	p := m.GetProgress()
	printFields(s.out, s.outStyle, []field{
		{"operation", clean(id(operationsCollection, o.GetName()))},
		{"verb", enumText(m.GetVerb().String())},
		{"state", s.outStyle.state(m.GetState().String())},
		{"requester", clean(requesterText(m.GetRequester()))},
		{"from", clean(m.GetRequester().GetAddress())},
		{"reason", clean(m.GetReason())},
		{"filter", clean(m.GetFilter())},
		{"keep stopped", yes(m.GetKeepStopped())},
		{"requested", s.stamp(m.GetCreateTime())},
		{"ended", s.stamp(m.GetEndTime())},
		{"cancelled", s.stamp(m.GetCancelTime())},
		{"instances", fmt.Sprintf("%d: %d succeeded (%d of them already done), %d failed, %d cancelled, %d unknown, %d running, %d pending",
			p.GetTotal(), p.GetSucceeded(), p.GetAlready(), p.GetFailed(), p.GetCancelled(), p.GetUnknown(), p.GetRunning(), p.GetPending())},
	})
	if targets := m.GetTargets(); len(targets) > 0 {
		fmt.Fprintln(s.out)
		printTable(s, resultColumns, targets)
	}
	return nil
}

type waitOperation struct {
	Name string `arg:"" help:"The name of the operation: operations/ID or only the ID." complete:"operation"`
}

// Run waits for an operation to end.
func (c *waitOperation) Run(ctx context.Context, s *session) error {
	operation, err := s.operations().GetOperation(ctx, &discoveryv1.GetOperationRequest{Name: resource(operationsCollection, c.Name)})
	if err == nil {
		operation, err = s.follow(ctx, operation)
	}
	if err != nil {
		return err
	}
	return s.summarize(operation)
}

type cancelOperation struct {
	Name string `arg:"" help:"The name of the operation: operations/ID or only the ID." complete:"operation"`
}

// Run cancels an operation.
func (c *cancelOperation) Run(ctx context.Context, s *session) error {
	name := resource(operationsCollection, c.Name)
	if _, err := s.operations().CancelOperation(ctx, &discoveryv1.CancelOperationRequest{Name: name}); err != nil {
		return err
	}
	operation, err := s.operations().GetOperation(ctx, &discoveryv1.GetOperationRequest{Name: name})
	if err != nil {
		return err
	}
	return s.showOperation(operation)
}

type auditCommand struct {
	remote `embed:""`

	List   listAudit   `cmd:"" default:"withargs" help:"List audit entries, newest first (the default)."`
	Export exportAudit `cmd:"" help:"Print all audit entries, oldest first, one JSON object a line."`
}

type listAudit struct {
	Filter string `short:"f" help:"AIP-160 filter, such as 'event = REFUSED AND account = \"accounts/aws-1\"'." placeholder:"FILTER"`
	Limit  int    `help:"Maximum number of entries; 0 for all." default:"50"`
}

// Run lists audit entries.
func (c *listAudit) Run(ctx context.Context, s *session) error {
	return listing[*discoveryv1.AuditEntry, *discoveryv1.ListAuditEntriesResponse]{
		key:     "auditEntries",
		columns: auditColumns,
		fetch: func(ctx context.Context, size int32, token string) (*discoveryv1.ListAuditEntriesResponse, error) {
			return s.audit().ListAuditEntries(ctx, &discoveryv1.ListAuditEntriesRequest{Filter: c.Filter, PageSize: size, PageToken: token})
		},
		items: (*discoveryv1.ListAuditEntriesResponse).GetAuditEntries,
		footnote: func(_ *discoveryv1.ListAuditEntriesResponse, shown int) {
			if shown == 0 {
				fmt.Fprintln(s.err, "No audit entries found.")
			}
		},
	}.print(ctx, s, c.Limit)
}

var auditColumns = []column[*discoveryv1.AuditEntry]{
	{title: "when", cell: func(s *session, e *discoveryv1.AuditEntry) string { return s.ago(e.GetTime()) }},
	{title: "event", cell: func(_ *session, e *discoveryv1.AuditEntry) string { return enumText(e.GetEvent().String()) }},
	{title: "verb", cell: func(_ *session, e *discoveryv1.AuditEntry) string { return enumText(e.GetVerb().String()) }},
	{title: "instance", cell: func(_ *session, e *discoveryv1.AuditEntry) string {
		if e.GetDisplayName() != "" {
			return clean(e.GetDisplayName())
		}
		return clean(id(instancesCollection, e.GetInstance()))
	}},
	{title: "requester", cell: func(_ *session, e *discoveryv1.AuditEntry) string { return clean(requesterText(e.GetRequester())) }},
	{title: "reason", cell: func(_ *session, e *discoveryv1.AuditEntry) string { return clean(e.GetReason()) }},
	{title: "outcome", cell: func(s *session, e *discoveryv1.AuditEntry) string { return s.outStyle.state(e.GetOutcome()) }},
	{title: "details", cell: func(_ *session, e *discoveryv1.AuditEntry) string { return clean(e.GetMessage()) }},
}

type exportAudit struct {
	Filter string `short:"f" help:"AIP-160 filter, as in list." placeholder:"FILTER"`
}

// Run prints audit entries as they arrive.
func (c *exportAudit) Run(ctx context.Context, s *session) error {
	stream, err := s.audit().ExportAuditEntries(ctx, &discoveryv1.ExportAuditEntriesRequest{Filter: c.Filter})
	if err != nil {
		return err
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := printMessage(s.out, formatNDJSON, answer.GetAuditEntry()); err != nil {
			return err
		}
	}
}
