package cli

import (
	"context"
	"fmt"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

type scopesCommand struct {
	remote `embed:""`

	Filter string `short:"f" help:"AIP-160 filter, such as 'account = \"accounts/aws-100000000001\" AND kind = DATABASE'." placeholder:"FILTER"`
	Failed bool   `help:"Only those of which the last try failed."`
	Limit  int    `help:"At most so many; 0: all." default:"0"`
}

// Help is the end of --help.
func (c *scopesCommand) Help() string {
	return `A scope is one kind of instance in one location of one account: the smallest thing whose truth is known at once.`
}

// Run lists scopes.
func (c *scopesCommand) Run(ctx context.Context, s *session) error {
	filter := c.Filter
	if c.Failed {
		filter = `last_error_reason != ""`
		if c.Filter != "" {
			filter = fmt.Sprintf("(%s) AND %s", c.Filter, filter)
		}
	}
	return listing[*inventoryv1.Scope, *inventoryv1.ListScopesResponse]{
		key:     "scopes",
		columns: scopeColumns,
		fetch: func(ctx context.Context, size int32, token string) (*inventoryv1.ListScopesResponse, error) {
			return s.inventory().ListScopes(ctx, &inventoryv1.ListScopesRequest{Filter: filter, PageSize: size, PageToken: token})
		},
		items: (*inventoryv1.ListScopesResponse).GetScopes,
		footnote: func(_ *inventoryv1.ListScopesResponse, shown int) {
			switch {
			case shown > 0:
				fmt.Fprintln(s.err, s.errStyle.dim(plural(shown, "scope")))
			case c.Failed:
				fmt.Fprintln(s.err, "No scope's last try failed.")
			case c.Filter != "":
				fmt.Fprintln(s.err, "No scope matches the filter.")
			default:
				fmt.Fprintln(s.err, "Nothing was looked at yet: scopes appear with an account's first sync.")
			}
		},
	}.print(ctx, s, c.Limit)
}

var scopeColumns = []column[*inventoryv1.Scope]{
	{title: "account", cell: func(_ *session, sc *inventoryv1.Scope) string { return clean(id(accountsCollection, sc.GetAccount())) }},
	{title: "kind", cell: func(_ *session, sc *inventoryv1.Scope) string {
		if sc.GetKind() == inventoryv1.Kind_KIND_UNSPECIFIED {
			return "all"
		}
		return word(sc.GetKind().String())
	}},
	{title: "location", cell: func(_ *session, sc *inventoryv1.Scope) string {
		if sc.GetLocation() == "-" {
			return "all"
		}
		return clean(sc.GetLocation())
	}},
	{title: "instances", right: true, cell: func(_ *session, sc *inventoryv1.Scope) string { return number(sc.GetInstanceCount()) }},
	{title: "observed", cell: func(s *session, sc *inventoryv1.Scope) string { return s.ago(sc.GetLastCompleteTime()) }},
	{title: "last try", cell: func(s *session, sc *inventoryv1.Scope) string { return s.ago(sc.GetLastAttemptTime()) }},
	{title: "problem", cell: func(s *session, sc *inventoryv1.Scope) string {
		if sc.GetLastErrorReason() == "" {
			return ""
		}
		return s.outStyle.red(clean(sc.GetLastErrorReason())) + " " + clean(sc.GetLastError())
	}},
}
