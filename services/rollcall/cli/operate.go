package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/google/uuid"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// operate has the flags that start and stop share.
type operate struct {
	Names []string `arg:"" optional:"" name:"instance" help:"Instances, by their name in Rollcall or by the id that the cloud gave them."`

	Filter       string `short:"f" xor:"which" help:"AIP-160 filter, as in list, that selects the instances instead of names." placeholder:"FILTER"`
	MaxInstances int32  `help:"Refuse to act on more instances than this; 0 for the limit of the server (100)." placeholder:"N"`
	MaxParallel  int32  `help:"Maximum number of instances to act on at the same time; 0 for the limit of the server." placeholder:"N"`
	DryRun       bool   `help:"Print what would be done, and do nothing."`
	Reason       string `help:"The reason, for the audit log." placeholder:"TEXT"`
	NoWait       bool   `help:"Print the operation and exit, instead of waiting for its result."`
	Yes          bool   `short:"y" help:"Do not ask for confirmation."`
}

// Validate checks that the instances are given either by name or by a filter.
func (c *operate) Validate() error {
	if (len(c.Names) > 0) == (c.Filter != "") {
		return errors.New("give either instances or --filter")
	}
	return nil
}

type startInstances struct {
	operate `embed:""`
}

type stopInstances struct {
	operate `embed:""`

	KeepStopped bool `help:"Stop them again whenever the cloud starts them (RDS does after seven days), until someone starts them."`
}

// Help returns the end of the help text.
func (*startInstances) Help() string { return operateHelp("start") }

// Help returns the end of the help text.
func (*stopInstances) Help() string { return operateHelp("stop") }

func operateHelp(verb string) string {
	return fmt.Sprintf(`On a terminal, the command shows its plan and asks for confirmation.
Exit codes: 0 success for all instances, 1 failure of at least one, 2 invalid command line, 130 interrupted (the
operation continues).

Examples:
  rollcall instances %[1]s i-0abc0123456789def --reason "night"
  rollcall instances %[1]s --filter 'labels.env = "dev" AND kind = VIRTUAL_MACHINE' --max-instances 300 --dry-run
  rollcall instances %[1]s --filter 'labels.team = "data"' --yes -o json`, verb)
}

// Run starts instances.
func (c *startInstances) Run(ctx context.Context, s *session) error {
	return c.run(ctx, s, "start", func(ctx context.Context, dry bool, requestID string) (*longrunningpb.Operation, error) {
		return s.lifecycle().BatchStartInstances(ctx, &discoveryv1.BatchStartInstancesRequest{
			Names: c.names(), Filter: c.Filter, MaxInstances: c.MaxInstances, MaxParallel: c.MaxParallel,
			ValidateOnly: dry, RequestId: requestID, Reason: c.Reason,
		})
	})
}

// Run stops instances.
func (c *stopInstances) Run(ctx context.Context, s *session) error {
	return c.run(ctx, s, "stop", func(ctx context.Context, dry bool, requestID string) (*longrunningpb.Operation, error) {
		return s.lifecycle().BatchStopInstances(ctx, &discoveryv1.BatchStopInstancesRequest{
			Names: c.names(), Filter: c.Filter, MaxInstances: c.MaxInstances, MaxParallel: c.MaxParallel,
			ValidateOnly: dry, RequestId: requestID, Reason: c.Reason, KeepStopped: c.KeepStopped,
		})
	})
}

func (c *operate) names() []string {
	names := make([]string, len(c.Names))
	for n, name := range c.Names {
		names[n] = resource(instancesCollection, name)
	}
	return names
}

// submitFunc submits an operation or a dry run.
type submitFunc func(ctx context.Context, dry bool, requestID string) (*longrunningpb.Operation, error)

// run plans, confirms and submits an operation, and waits for its result.
func (c *operate) run(ctx context.Context, s *session, verb string, submit submitFunc) error {
	if !c.DryRun && !c.Yes && (!isTerminal(s.out) || s.format != formatTable) {
		return advise("add --yes to confirm, or --dry-run to see what would be done",
			"%s needs a confirmation, and the output is not a table on a terminal", verb)
	}
	if c.DryRun || !c.Yes {
		confirmed, err := c.plan(ctx, s, verb, submit)
		if err != nil || !confirmed {
			return err
		}
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return err
	}
	operation, err := submit(ctx, false, id.String())
	if err != nil {
		return err
	}
	if c.NoWait {
		return s.showOperation(operation)
	}
	ended, err := s.follow(ctx, operation)
	if err != nil {
		return err
	}
	return s.summarize(ended)
}

// plan prints the plan of a dry run and asks for confirmation.
func (c *operate) plan(ctx context.Context, s *session, verb string, submit submitFunc) (confirmed bool, err error) {
	operation, err := submit(ctx, true, "")
	if err != nil {
		return false, err
	}
	plan := &discoveryv1.BatchLifecycleResponse{}
	if err := operation.GetResponse().UnmarshalTo(plan); err != nil {
		return false, err
	}
	if s.format != formatTable {
		if err := printMessage(s.out, s.format, plan); err != nil {
			return false, err
		}
	} else {
		printTable(s, planColumns, plan.GetTargets())
		s.planNotes(plan, verb)
	}
	if c.DryRun {
		if plan.GetProgress().GetFailed() > 0 {
			return false, failed(exitFailed)
		}
		return false, nil
	}
	if plan.GetProgress().GetPending() == 0 && plan.GetProgress().GetFailed() == 0 {
		fmt.Fprintln(s.err, "There is nothing to do.")
		return false, nil
	}
	err = s.confirm(fmt.Sprintf("%s%s %s?", strings.ToUpper(verb[:1]), verb[1:], humanize.Count(plan.GetProgress().GetPending(), "instance")))
	return err == nil, err
}

// planNotes prints a summary of a plan and the number of unreachable scopes.
func (s *session) planNotes(plan *discoveryv1.BatchLifecycleResponse, verb string) {
	p := plan.GetProgress()
	text := fmt.Sprintf("%s to %s, %s already done, %s refused", humanize.Number(p.GetPending()), verb, humanize.Number(p.GetAlready()), humanize.Number(p.GetFailed()))
	if oldest := plan.GetOldestObserveTime(); oldest != nil {
		text += ", selected from data of " + s.ago(oldest)
	}
	fmt.Fprintln(s.err, s.errStyle.dim(text))
	if n := len(plan.GetUnreachable()); n > 0 {
		fmt.Fprintln(s.err, s.errStyle.yellow(fmt.Sprintf("%s could not be read: matching instances may be missing.", humanize.Count(n, "scope"))))
	}
}

// follow waits for an operation to end and returns its last state. It prints a line whenever the
// state of an instance changes.
func (s *session) follow(ctx context.Context, operation *longrunningpb.Operation) (*longrunningpb.Operation, error) {
	name := operation.GetName()
	printed := map[string]discoveryv1.Target_State{}
	for tries := 0; !operation.GetDone(); {
		stream, err := s.operations().WatchOperation(ctx, &discoveryv1.WatchOperationRequest{Name: name})
		for err == nil {
			var response *discoveryv1.WatchOperationResponse
			if response, err = stream.Recv(); err == nil {
				operation, tries = response.GetOperation(), 0
				s.printProgress(operation, printed)
			}
		}
		tries++
		switch {
		case operation.GetDone():
		case ctx.Err() != nil:
			fmt.Fprintf(s.err, "The operation continues. To wait for it, run: rollcall operations wait %[1]s; to cancel it: rollcall operations cancel %[1]s\n", id(operationsCollection, name))
			return nil, ctx.Err()
		case !isTransient(err) || tries > 10: //nolint:mnd // A restart takes less time.
			return nil, fmt.Errorf("lost the connection to operation %s, which continues: %w", name, err)
		}
	}
	return operation, nil
}

// printProgress prints the instances whose state differs from the one printed last.
func (s *session) printProgress(operation *longrunningpb.Operation, printed map[string]discoveryv1.Target_State) {
	m := operationMetadata(operation)
	for _, t := range m.GetTargets() {
		if printed[t.GetInstance()] == t.GetState() || t.GetState() == discoveryv1.Target_PENDING {
			continue
		}
		printed[t.GetInstance()] = t.GetState()
		fmt.Fprintf(s.err, "%s  %s  %s\n", s.errStyle.state(t.GetState().String()), clean(targetName(t)), clean(t.GetSummary()))
	}
}

// summarize prints the result of an operation. It fails unless all instances succeeded.
func (s *session) summarize(operation *longrunningpb.Operation) error {
	m := operationMetadata(operation)
	targets := resultTargets(operation)
	if s.format != formatTable {
		if err := printMessage(s.out, s.format, operation); err != nil {
			return err
		}
	} else {
		printTable(s, resultColumns, targets)
		p := m.GetProgress()
		fmt.Fprintf(s.err, "%s of %s: %d succeeded (%d of them already done), %d failed, %d cancelled, %d unknown. %s\n",
			enumText(m.GetVerb().String()), humanize.Count(p.GetTotal(), "instance"), p.GetSucceeded(), p.GetAlready(), p.GetFailed(),
			p.GetCancelled(), p.GetUnknown(), s.errStyle.dim(clean(operation.GetName())))
	}
	if p := m.GetProgress(); p.GetSucceeded() < p.GetTotal() {
		return failed(exitFailed)
	}
	return nil
}

// targetName returns the display name of an instance with the id that the cloud gave it.
func targetName(t *discoveryv1.Target) string {
	if t.GetDisplayName() == "" || t.GetDisplayName() == t.GetProviderId() {
		return t.GetProviderId()
	}
	return t.GetDisplayName() + " (" + t.GetProviderId() + ")"
}

// Columns that the tables of plans and results share.
var (
	targetCell   = column[*discoveryv1.Target]{title: "instance", cell: func(_ *session, t *discoveryv1.Target) string { return clean(targetName(t)) }}
	accountCell  = column[*discoveryv1.Target]{title: "account", cell: func(_ *session, t *discoveryv1.Target) string { return clean(id(accountsCollection, t.GetAccount())) }}
	locationCell = column[*discoveryv1.Target]{title: "location", cell: func(_ *session, t *discoveryv1.Target) string { return clean(t.GetLocation()) }}
	nowCell      = column[*discoveryv1.Target]{title: "now", cell: func(s *session, t *discoveryv1.Target) string { return s.outStyle.state(t.GetCurrentState()) }}
)

var planColumns = []column[*discoveryv1.Target]{
	targetCell, accountCell, locationCell, nowCell,
	{title: "plan", cell: func(s *session, t *discoveryv1.Target) string {
		text := clean(strings.Join(append([]string{t.GetSummary()}, t.GetNotes()...), " "))
		if t.GetRefusal() != nil {
			return s.outStyle.red("refused") + ": " + text
		}
		return text
	}},
}

var resultColumns = []column[*discoveryv1.Target]{
	targetCell, accountCell, locationCell,
	{title: "result", cell: func(s *session, t *discoveryv1.Target) string { return s.outStyle.state(t.GetState().String()) }},
	nowCell,
	{title: "details", cell: func(_ *session, t *discoveryv1.Target) string {
		text := t.GetSummary()
		if r := t.GetRefusal(); r != nil {
			text = r.GetReason().String() + ": " + r.GetMessage()
		}
		return clean(text)
	}},
}
