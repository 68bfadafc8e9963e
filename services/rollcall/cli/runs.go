package cli

import (
	"context"
	"fmt"
	"strings"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

type runsCommand struct {
	remote `embed:""`

	List listRuns `cmd:"" default:"withargs" help:"List sync runs, newest first (the default)."`
	Get  getRun   `cmd:"" help:"Show one sync run with the result for each scope."`
}

type listRuns struct {
	Filter  string `short:"f" help:"AIP-160 filter, such as 'state = FAILED'." placeholder:"FILTER"`
	Account string `help:"Only runs of this account." placeholder:"ACCOUNT" complete:"account"`
	Limit   int    `help:"Maximum number of runs; 0 for all." default:"20"`
}

// Run lists runs.
func (c *listRuns) Run(ctx context.Context, s *session) error {
	filter := c.Filter
	if c.Account != "" {
		filter = fmt.Sprintf("account = %q", resource(accountsCollection, c.Account))
		if c.Filter != "" {
			filter = fmt.Sprintf("(%s) AND %s", c.Filter, filter)
		}
	}
	return listing[*discoveryv1.SyncRun, *discoveryv1.ListSyncRunsResponse]{
		key:     "syncRuns",
		columns: runColumns,
		fetch: func(ctx context.Context, size int32, token string) (*discoveryv1.ListSyncRunsResponse, error) {
			return s.discovery().ListSyncRuns(ctx, &discoveryv1.ListSyncRunsRequest{Filter: filter, PageSize: size, PageToken: token})
		},
		items: (*discoveryv1.ListSyncRunsResponse).GetSyncRuns,
		footnote: func(_ *discoveryv1.ListSyncRunsResponse, shown int) {
			switch {
			case shown > 0:
			case filter != "":
				fmt.Fprintln(s.err, "No runs match.")
			default:
				fmt.Fprintln(s.err, "There are no runs yet. Accounts are synced by schedule, or with rollcall sync.")
			}
		},
	}.print(ctx, s, c.Limit)
}

var runColumns = []column[*discoveryv1.SyncRun]{
	{title: "run", cell: func(_ *session, r *discoveryv1.SyncRun) string { return clean(id(runsCollection, r.GetName())) }},
	{title: "account", cell: func(_ *session, r *discoveryv1.SyncRun) string { return clean(id(accountsCollection, r.GetAccount())) }},
	{title: "state", cell: func(s *session, r *discoveryv1.SyncRun) string { return s.outStyle.state(r.GetState().String()) }},
	{title: "trigger", cell: func(_ *session, r *discoveryv1.SyncRun) string { return enumText(r.GetTrigger().String()) }},
	{title: "queued", cell: func(s *session, r *discoveryv1.SyncRun) string { return s.ago(r.GetCreateTime()) }},
	{title: "took", right: true, cell: func(_ *session, r *discoveryv1.SyncRun) string { return took(r.GetStartTime(), r.GetEndTime()) }},
	{title: "scopes", right: true, cell: func(_ *session, r *discoveryv1.SyncRun) string {
		return fmt.Sprintf("%d/%d", r.GetScopesDone()-r.GetScopesFailed(), r.GetScopesTotal())
	}},
	{title: "instances", right: true, cell: func(_ *session, r *discoveryv1.SyncRun) string { return humanize.Number(r.GetInstancesSeen()) }},
	{title: "problem", cell: func(_ *session, r *discoveryv1.SyncRun) string { return clean(r.GetErrorReason()) }},
}

type getRun struct {
	Name string `arg:"" help:"The name of the run: syncRuns/ID or only the ID."`
}

// Run shows one run.
func (c *getRun) Run(ctx context.Context, s *session) error {
	run, err := s.discovery().GetSyncRun(ctx, &discoveryv1.GetSyncRunRequest{Name: resource(runsCollection, c.Name)})
	if err != nil {
		return err
	}
	if s.format != formatTable {
		return printMessage(s.out, s.format, run)
	}
	printFields(s.out, s.outStyle, []field{
		{"run", clean(run.GetName())},
		{"account", clean(id(accountsCollection, run.GetAccount()))},
		{"state", s.outStyle.state(run.GetState().String())},
		{"trigger", enumText(run.GetTrigger().String())},
		{"queued", s.stamp(run.GetCreateTime())},
		{"started", s.stamp(run.GetStartTime())},
		{"ended", s.stamp(run.GetEndTime())},
		{"took", took(run.GetStartTime(), run.GetEndTime())},
		{"scopes", fmt.Sprintf("%d of %d done, %d failed", run.GetScopesDone(), run.GetScopesTotal(), run.GetScopesFailed())},
		{"instances", humanize.Number(run.GetInstancesSeen())},
		{"problem", strings.TrimSpace(s.outStyle.red(clean(run.GetErrorReason())) + " " + cleanLines(run.GetError()))},
		{"what to do", cleanLines(run.GetRemedy())},
	})
	if len(run.GetScopes()) > 0 {
		fmt.Fprintln(s.out)
		printTable(s, scopeResultColumns, run.GetScopes())
	}
	return nil
}

var scopeResultColumns = []column[*discoveryv1.ScopeResult]{
	{title: "kind", cell: func(_ *session, r *discoveryv1.ScopeResult) string { return enumText(r.GetKind()) }},
	{title: "location", cell: func(_ *session, r *discoveryv1.ScopeResult) string { return clean(r.GetLocation()) }},
	{title: "state", cell: func(s *session, r *discoveryv1.ScopeResult) string { return s.outStyle.state(r.GetState().String()) }},
	{title: "took", right: true, cell: func(_ *session, r *discoveryv1.ScopeResult) string { return took(r.GetStartTime(), r.GetEndTime()) }},
	{title: "instances", right: true, cell: func(_ *session, r *discoveryv1.ScopeResult) string { return humanize.Number(r.GetInstancesSeen()) }},
	{title: "new", right: true, cell: func(_ *session, r *discoveryv1.ScopeResult) string { return humanize.Number(r.GetCreated()) }},
	{title: "changed", right: true, cell: func(_ *session, r *discoveryv1.ScopeResult) string { return humanize.Number(r.GetChanged()) }},
	{title: "gone", right: true, cell: func(_ *session, r *discoveryv1.ScopeResult) string { return humanize.Number(r.GetGone()) }},
	{title: "missing", right: true, cell: func(_ *session, r *discoveryv1.ScopeResult) string { return humanize.Number(r.GetMissing()) }},
	{title: "back", right: true, cell: func(_ *session, r *discoveryv1.ScopeResult) string { return humanize.Number(r.GetReappeared()) }},
	{title: "calls", right: true, cell: func(_ *session, r *discoveryv1.ScopeResult) string { return humanize.Number(r.GetRequests()) }},
	{title: "problem", cell: func(s *session, r *discoveryv1.ScopeResult) string {
		if r.GetErrorReason() == "" {
			return ""
		}
		return s.outStyle.red(clean(r.GetErrorReason())) + " " + clean(r.GetError())
	}},
}
