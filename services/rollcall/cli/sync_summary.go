package cli

import (
	"encoding/json"
	"fmt"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// bad reports whether an outcome makes the command fail.
func (o outcome) bad() bool {
	return o.err != nil || hasEnded(o.run) && o.run.GetState() != discoveryv1.SyncRun_SUCCEEDED
}

// changes has the numbers of changes in a run.
type changes struct{ created, changed, gone, reappeared int64 }

func changesOf(run *discoveryv1.SyncRun) (c changes) {
	for _, scope := range run.GetScopes() {
		c.created += scope.GetCreated()
		c.changed += scope.GetChanged()
		c.gone += scope.GetGone()
		c.reappeared += scope.GetReappeared()
	}
	return c
}

// summarize prints the results of the runs, and the errors with their remedies.
func summarize(s *session, outcomes []outcome, queuedOnly bool) error {
	if s.format != formatTable {
		if err := printRuns(s, outcomes); err != nil {
			return err
		}
	} else if queuedOnly {
		printQueued(s, outcomes)
	} else {
		printTable(s, outcomeColumns, outcomes)
	}
	bad := false
	for _, o := range outcomes {
		if o.bad() {
			bad = true
			printFailure(s, o)
		}
	}
	if bad {
		return failed(exitFailed)
	}
	return nil
}

func printQueued(s *session, outcomes []outcome) {
	for _, o := range outcomes {
		if o.err == nil {
			fmt.Fprintf(s.out, "%s: %s as %s\n", clean(id(accountsCollection, o.account)), enumText(o.run.GetState().String()), clean(id(runsCollection, o.run.GetName())))
		}
	}
}

// printRuns prints the runs for programs, like the response of ListSyncRuns.
func printRuns(s *session, outcomes []outcome) error {
	runs := []json.RawMessage{}
	for _, o := range outcomes {
		if o.run == nil {
			continue
		}
		text, err := encode(o.run)
		if err != nil {
			return err
		}
		if s.format == formatNDJSON {
			if err := printJSON(s.out, s.format, text); err != nil {
				return err
			}
		}
		runs = append(runs, text)
	}
	if s.format == formatNDJSON {
		return nil
	}
	text, err := json.Marshal(map[string]any{"syncRuns": runs})
	if err != nil {
		return err
	}
	return printJSON(s.out, s.format, text)
}

// printFailure prints the error of one account, its failed scopes and the remedy.
func printFailure(s *session, o outcome) {
	name := s.errStyle.bold(clean(id(accountsCollection, o.account)))
	if o.err != nil {
		e := explain(o.err, s.server)
		fmt.Fprintf(s.err, "%s: %s\n", name, cleanLines(e.what))
		if e.remedy != "" {
			fmt.Fprintf(s.err, "  What to do: %s\n", e.remedy)
		}
		return
	}
	run := o.run
	switch {
	case run.GetState() == discoveryv1.SyncRun_ABANDONED:
		fmt.Fprintf(s.err, "%s: the run was abandoned because its worker stopped; the scopes that it had read are stored\n", name)
		fmt.Fprintf(s.err, "  What to do: nothing, another run starts soon; or sync again now\n")
		return
	case run.GetState() == discoveryv1.SyncRun_DEGRADED:
		fmt.Fprintf(s.err, "%s: %s of %s could not be read%s\n", name, humanize.Number(run.GetScopesFailed()), humanize.Count(run.GetScopesTotal(), "scope"), heldOf(run))
	default:
		fmt.Fprintf(s.err, "%s: %s %s\n", name, s.errStyle.red(clean(run.GetErrorReason())), cleanLines(run.GetError()))
	}
	printScopes(s, run)
	if run.GetRemedy() != "" {
		fmt.Fprintf(s.err, "  What to do: %s\n", cleanLines(run.GetRemedy()))
	}
}

// heldOf returns the text for the number of held scopes, or "" if there are none.
func heldOf(run *discoveryv1.SyncRun) string {
	held := 0
	for _, scope := range run.GetScopes() {
		if scope.GetState() == discoveryv1.ScopeResult_HELD {
			held++
		}
	}
	if held == 0 {
		return ""
	}
	return fmt.Sprintf(", %d held", held)
}

// printScopes prints the scopes that failed or are held.
func printScopes(s *session, run *discoveryv1.SyncRun) {
	printed := 0
	for _, scope := range run.GetScopes() {
		if scope.GetState() != discoveryv1.ScopeResult_FAILED && scope.GetState() != discoveryv1.ScopeResult_HELD {
			continue
		}
		if printed == maxScopesShown {
			fmt.Fprintf(s.err, "  and more; see %s\n", s.errStyle.bold("rollcall runs get "+clean(id(runsCollection, run.GetName()))))
			return
		}
		printed++
		fmt.Fprintf(s.err, "  %s %s  %s %s\n", enumText(scope.GetKind()), clean(scope.GetLocation()),
			s.errStyle.yellow(clean(scope.GetErrorReason())), clean(scope.GetError()))
	}
}

var outcomeColumns = []column[outcome]{
	{title: "account", cell: func(_ *session, o outcome) string { return clean(id(accountsCollection, o.account)) }},
	{title: "result", cell: func(s *session, o outcome) string {
		if o.err != nil {
			return s.outStyle.red("ERROR")
		}
		return s.outStyle.state(o.run.GetState().String())
	}},
	{title: "took", right: true, cell: func(_ *session, o outcome) string {
		return took(o.run.GetStartTime(), o.run.GetEndTime())
	}},
	{title: "scopes", right: true, cell: func(_ *session, o outcome) string {
		return fmt.Sprintf("%d/%d", o.run.GetScopesDone()-o.run.GetScopesFailed(), o.run.GetScopesTotal())
	}},
	{title: "instances", right: true, cell: func(_ *session, o outcome) string { return humanize.Number(o.run.GetInstancesSeen()) }},
	{title: "new", right: true, cell: func(_ *session, o outcome) string { return humanize.Number(changesOf(o.run).created) }},
	{title: "changed", right: true, cell: func(_ *session, o outcome) string { return humanize.Number(changesOf(o.run).changed) }},
	{title: "gone", right: true, cell: func(_ *session, o outcome) string { return humanize.Number(changesOf(o.run).gone) }},
	{title: "back", right: true, cell: func(_ *session, o outcome) string { return humanize.Number(changesOf(o.run).reappeared) }},
}
