package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/google/uuid"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// operate are the flags of start and stop.
type operate struct {
	Names []string `arg:"" optional:"" name:"instance" help:"Instances, by their name on the roll or by the cloud's own id."`

	Filter       string `short:"f" xor:"which" help:"All that match, in place of names: an AIP-160 filter as in list." placeholder:"FILTER"`
	MaxInstances int32  `help:"Do nothing when there are more; the server's limit (100) when 0." placeholder:"N"`
	MaxParallel  int32  `help:"Work on at most so many at the same time; the server's choice when 0." placeholder:"N"`
	DryRun       bool   `help:"Say what would be done, and do nothing."`
	Reason       string `help:"Why, for the audit." placeholder:"TEXT"`
	NoWait       bool   `help:"Print the operation and go, instead of waiting for its end."`
	Yes          bool   `short:"y" help:"Do not ask."`
}

// Validate holds the command line to name instances in one way.
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

	KeepStopped bool `help:"Stop them again when they start by themselves, as RDS does after seven days, until someone starts them."`
}

// Help is the end of --help.
func (*startInstances) Help() string { return operateHelp("start") }

// Help is the end of --help.
func (*stopInstances) Help() string { return operateHelp("stop") }

func operateHelp(verb string) string {
	return fmt.Sprintf(`What would happen is shown first, and asked about on a terminal.
Exit codes: 0 all are as wanted, 1 some are not, 2 the command line is wrong, 130 interrupted: the operation goes on.

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

type asking func(ctx context.Context, dry bool, requestID string) (*longrunningpb.Operation, error)

func (c *operate) run(ctx context.Context, s *session, verb string, ask asking) error {
	if !c.DryRun && !c.Yes && (!isTerminal(s.out) || s.format != formatTable) {
		return advise("give --yes, or --dry-run to see what would be done", "nobody can be asked whether to %s them: this is not a terminal", verb)
	}
	if c.DryRun || !c.Yes {
		goOn, err := c.plan(ctx, s, verb, ask)
		if err != nil || !goOn {
			return err
		}
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return err
	}
	operation, err := ask(ctx, false, id.String())
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

// plan shows what would happen, and asks whether it is to.
func (c *operate) plan(ctx context.Context, s *session, verb string, ask asking) (goOn bool, err error) {
	operation, err := ask(ctx, true, "")
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
		fmt.Fprintln(s.err, "Nothing is to be done.")
		return false, nil
	}
	err = s.confirm(fmt.Sprintf("%s%s %s?", strings.ToUpper(verb[:1]), verb[1:], plural(plan.GetProgress().GetPending(), "instance")))
	return err == nil, err
}

// planNotes sums a plan up, and says what it could not vouch for.
func (s *session) planNotes(plan *discoveryv1.BatchLifecycleResponse, verb string) {
	p := plan.GetProgress()
	text := fmt.Sprintf("%s to %s, %s so already, %s refused", number(p.GetPending()), verb, number(p.GetAlready()), number(p.GetFailed()))
	if oldest := plan.GetOldestObserveTime(); oldest != nil {
		text += ", chosen as of " + s.ago(oldest)
	}
	fmt.Fprintln(s.err, s.errStyle.dim(text))
	if n := len(plan.GetUnreachable()); n > 0 {
		fmt.Fprintln(s.err, s.errStyle.yellow(fmt.Sprintf("Could not look at %s: some that match may be missing.", plural(n, "scope"))))
	}
}

// follow shows an operation while it goes on, a line for each instance that gets further, and gives it as it ended.
func (s *session) follow(ctx context.Context, operation *longrunningpb.Operation) (*longrunningpb.Operation, error) {
	name := operation.GetName()
	told := map[string]discoveryv1.Target_State{}
	for tries := 0; !operation.GetDone(); {
		stream, err := s.operations().WatchOperation(ctx, &discoveryv1.WatchOperationRequest{Name: name})
		for err == nil {
			var answer *discoveryv1.WatchOperationResponse
			if answer, err = stream.Recv(); err == nil {
				operation, tries = answer.GetOperation(), 0
				s.tellProgress(operation, told)
			}
		}
		tries++
		switch {
		case operation.GetDone():
		case ctx.Err() != nil:
			fmt.Fprintf(s.err, "The operation goes on: rollcall operations wait %[1]s, or rollcall operations cancel %[1]s\n", id(operationsCollection, name))
			return nil, ctx.Err()
		case !isPassing(err) || tries > 10: //nolint:mnd // A restart is soon over.
			return nil, fmt.Errorf("the operation goes on, and can't be followed (%s): %w", name, err)
		}
	}
	return operation, nil
}

func (s *session) tellProgress(operation *longrunningpb.Operation, told map[string]discoveryv1.Target_State) {
	m := operationMetadata(operation)
	for _, t := range m.GetTargets() {
		if told[t.GetInstance()] == t.GetState() || t.GetState() == discoveryv1.Target_PENDING {
			continue
		}
		told[t.GetInstance()] = t.GetState()
		fmt.Fprintf(s.err, "%s  %s  %s\n", s.errStyle.byWord(t.GetState().String()), clean(targetName(t)), clean(t.GetSummary()))
	}
}

// summarize prints what an operation came to; not all as wanted is a failure.
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
		fmt.Fprintf(s.err, "%s of %s: %d as wanted (%d already), %d failed, %d cancelled, %d not known. %s\n",
			word(m.GetVerb().String()), plural(p.GetTotal(), "instance"), p.GetSucceeded(), p.GetAlready(), p.GetFailed(),
			p.GetCancelled(), p.GetUnknown(), s.errStyle.dim(clean(operation.GetName())))
	}
	if p := m.GetProgress(); p.GetSucceeded() < p.GetTotal() {
		return failed(exitFailed)
	}
	return nil
}

// targetName is what people call an instance, and the cloud's id.
func targetName(t *discoveryv1.Target) string {
	if t.GetDisplayName() == "" || t.GetDisplayName() == t.GetProviderId() {
		return t.GetProviderId()
	}
	return t.GetDisplayName() + " (" + t.GetProviderId() + ")"
}

// cells of the tables of plans and results.
var (
	targetCell   = column[*discoveryv1.Target]{title: "instance", cell: func(_ *session, t *discoveryv1.Target) string { return clean(targetName(t)) }}
	accountCell  = column[*discoveryv1.Target]{title: "account", cell: func(_ *session, t *discoveryv1.Target) string { return clean(id(accountsCollection, t.GetAccount())) }}
	locationCell = column[*discoveryv1.Target]{title: "location", cell: func(_ *session, t *discoveryv1.Target) string { return clean(t.GetLocation()) }}
	nowCell      = column[*discoveryv1.Target]{title: "now", cell: func(s *session, t *discoveryv1.Target) string { return s.outStyle.byWord(t.GetCurrentState()) }}
)

var planColumns = []column[*discoveryv1.Target]{
	targetCell, accountCell, locationCell, nowCell,
	{title: "what would be done", cell: func(s *session, t *discoveryv1.Target) string {
		text := clean(strings.Join(append([]string{t.GetSummary()}, t.GetNotes()...), " "))
		if t.GetRefusal() != nil {
			return s.outStyle.red("refused") + ": " + text
		}
		return text
	}},
}

var resultColumns = []column[*discoveryv1.Target]{
	targetCell, accountCell, locationCell,
	{title: "result", cell: func(s *session, t *discoveryv1.Target) string { return s.outStyle.byWord(t.GetState().String()) }},
	nowCell,
	{title: "what happened", cell: func(_ *session, t *discoveryv1.Target) string {
		text := t.GetSummary()
		if r := t.GetRefusal(); r != nil {
			text = r.GetReason().String() + ": " + r.GetMessage()
		}
		return clean(text)
	}},
}
