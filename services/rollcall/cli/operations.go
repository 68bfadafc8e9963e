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
	Get    getOperation    `cmd:"" help:"Show one with what came of each of its instances."`
	Wait   waitOperation   `cmd:"" help:"Follow one to its end."`
	Cancel cancelOperation `cmd:"" help:"Have one end early: calls that were made can't be taken back."`
}

type listOperations struct {
	Filter string `short:"f" help:"AIP-160 filter, such as 'done = false'." placeholder:"FILTER"`
	Limit  int    `help:"At most so many; 0: all." default:"20"`
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
				fmt.Fprintln(s.err, "No start or stop matches.")
			}
		},
	}.print(ctx, s, c.Limit)
}

// operationMetadata is an operation's metadata; empty when it is of a kind that this program does not know.
func operationMetadata(o *longrunningpb.Operation) *discoveryv1.OperationMetadata {
	m := &discoveryv1.OperationMetadata{}
	_ = o.GetMetadata().UnmarshalTo(m) // then there is nothing to show
	return m
}

// resultTargets are the instances of an operation, as it has them.
func resultTargets(o *longrunningpb.Operation) []*discoveryv1.Target {
	response := &discoveryv1.BatchLifecycleResponse{}
	if o.GetResponse().UnmarshalTo(response) == nil {
		return response.GetTargets()
	}
	return operationMetadata(o).GetTargets()
}

func meta(cell func(s *session, m *discoveryv1.OperationMetadata) string) func(*session, *longrunningpb.Operation) string {
	return func(s *session, o *longrunningpb.Operation) string { return cell(s, operationMetadata(o)) }
}

var operationColumns = []column[*longrunningpb.Operation]{
	{title: "operation", cell: func(_ *session, o *longrunningpb.Operation) string {
		return clean(id(operationsCollection, o.GetName()))
	}},
	{title: "verb", cell: meta(func(_ *session, m *discoveryv1.OperationMetadata) string { return word(m.GetVerb().String()) })},
	{title: "state", cell: meta(func(s *session, m *discoveryv1.OperationMetadata) string {
		return s.outStyle.byWord(m.GetState().String())
	})},
	{title: "instances", right: true, cell: meta(func(_ *session, m *discoveryv1.OperationMetadata) string {
		return fmt.Sprintf("%d/%d", m.GetProgress().GetSucceeded(), m.GetProgress().GetTotal())
	})},
	{title: "asked", cell: meta(func(s *session, m *discoveryv1.OperationMetadata) string { return s.ago(m.GetCreateTime()) })},
	{title: "took", right: true, cell: meta(func(_ *session, m *discoveryv1.OperationMetadata) string {
		return took(m.GetStartTime(), m.GetEndTime())
	})},
	{title: "who", cell: meta(func(_ *session, m *discoveryv1.OperationMetadata) string { return clean(whoText(m.GetRequester())) })},
	{title: "why", cell: meta(func(_ *session, m *discoveryv1.OperationMetadata) string { return clean(m.GetReason()) })},
}

// whoText is who asked, as far as is known.
func whoText(r *discoveryv1.Requester) string {
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
	Name string `arg:"" help:"The operation." complete:"operation"`
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
		{"verb", word(m.GetVerb().String())},
		{"state", s.outStyle.byWord(m.GetState().String())},
		{"who", clean(whoText(m.GetRequester()))},
		{"from", clean(m.GetRequester().GetAddress())},
		{"why", clean(m.GetReason())},
		{"filter", clean(m.GetFilter())},
		{"kept stopped", yes(m.GetKeepStopped())},
		{"asked", s.stamp(m.GetCreateTime())},
		{"ended", s.stamp(m.GetEndTime())},
		{"cancelled", s.stamp(m.GetCancelTime())},
		{"instances", fmt.Sprintf("%d: %d as wanted (%d already), %d failed, %d cancelled, %d not known, %d in work, %d waiting",
			p.GetTotal(), p.GetSucceeded(), p.GetAlready(), p.GetFailed(), p.GetCancelled(), p.GetUnknown(), p.GetRunning(), p.GetPending())},
	})
	if targets := m.GetTargets(); len(targets) > 0 {
		fmt.Fprintln(s.out)
		printTable(s, resultColumns, targets)
	}
	return nil
}

type waitOperation struct {
	Name string `arg:"" help:"The operation." complete:"operation"`
}

// Run follows an operation to its end.
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
	Name string `arg:"" help:"The operation." complete:"operation"`
}

// Run asks for an operation to end early.
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

	List   listAudit   `cmd:"" default:"withargs" help:"List what happened, newest first (the default)."`
	Export exportAudit `cmd:"" help:"Print all of it, oldest first, one JSON object a line."`
}

type listAudit struct {
	Filter string `short:"f" help:"AIP-160 filter, such as 'event = REFUSED AND account = \"accounts/aws-1\"'." placeholder:"FILTER"`
	Limit  int    `help:"At most so many; 0: all." default:"50"`
}

// Run lists the audit.
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
				fmt.Fprintln(s.err, "Nothing matches.")
			}
		},
	}.print(ctx, s, c.Limit)
}

var auditColumns = []column[*discoveryv1.AuditEntry]{
	{title: "when", cell: func(s *session, e *discoveryv1.AuditEntry) string { return s.ago(e.GetTime()) }},
	{title: "event", cell: func(_ *session, e *discoveryv1.AuditEntry) string { return word(e.GetEvent().String()) }},
	{title: "verb", cell: func(_ *session, e *discoveryv1.AuditEntry) string { return word(e.GetVerb().String()) }},
	{title: "instance", cell: func(_ *session, e *discoveryv1.AuditEntry) string {
		if e.GetDisplayName() != "" {
			return clean(e.GetDisplayName())
		}
		return clean(id(instancesCollection, e.GetInstance()))
	}},
	{title: "who", cell: func(_ *session, e *discoveryv1.AuditEntry) string { return clean(whoText(e.GetRequester())) }},
	{title: "why", cell: func(_ *session, e *discoveryv1.AuditEntry) string { return clean(e.GetReason()) }},
	{title: "outcome", cell: func(s *session, e *discoveryv1.AuditEntry) string { return s.outStyle.byWord(e.GetOutcome()) }},
	{title: "what", cell: func(_ *session, e *discoveryv1.AuditEntry) string { return clean(e.GetMessage()) }},
}

type exportAudit struct {
	Filter string `short:"f" help:"AIP-160 filter, as in list." placeholder:"FILTER"`
}

// Run prints the audit as it comes.
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
