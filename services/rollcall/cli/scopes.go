package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

type scopesCommand struct {
	remote `embed:""`

	List    listScopes   `cmd:"" default:"withargs" help:"List scopes (the default)."`
	Confirm confirmScope `cmd:"" help:"Confirm that the missing instances of a held scope are gone, or that a scope that is no longer read can be removed."`
}

type listScopes struct {
	Filter string `short:"f" help:"AIP-160 filter, such as 'account = \"accounts/aws-100000000001\" AND kind = DATABASE'." placeholder:"FILTER"`
	Failed bool   `help:"Only scopes with problems: never observed, failed, held or overdue."`
	Limit  int    `help:"Maximum number of scopes; 0 for all." default:"0"`
	Wide   bool   `short:"w" help:"Show more columns: the sync interval, and the current limits on calls of the cloud's APIs."`
}

// Help returns the end of the help text.
func (c *listScopes) Help() string {
	return `A scope is one kind of instance in one location of one account. Rollcall reads a scope as a unit, so its freshness and
its errors are those of the scope.`
}

// Run lists scopes.
func (c *listScopes) Run(ctx context.Context, s *session) error {
	filter := c.Filter
	if c.Failed {
		filter = `unreachable`
		if c.Filter != "" {
			filter = fmt.Sprintf("(%s) AND %s", c.Filter, filter)
		}
	}
	columns := scopeColumns
	if c.Wide {
		columns = append(columns[:len(columns):len(columns)], wideScopeColumns...)
	}
	return listing[*inventoryv1.Scope, *inventoryv1.ListScopesResponse]{
		key:     "scopes",
		columns: columns,
		fetch: func(ctx context.Context, size int32, token string) (*inventoryv1.ListScopesResponse, error) {
			return s.inventory().ListScopes(ctx, &inventoryv1.ListScopesRequest{Filter: filter, PageSize: size, PageToken: token})
		},
		items: (*inventoryv1.ListScopesResponse).GetScopes,
		footnote: func(_ *inventoryv1.ListScopesResponse, shown int) {
			switch {
			case shown > 0:
				fmt.Fprintln(s.err, s.errStyle.dim(humanize.Count(shown, "scope")))
			case c.Failed:
				fmt.Fprintln(s.err, "All scopes are up to date.")
			case c.Filter != "":
				fmt.Fprintln(s.err, "No scopes match the filter.")
			default:
				fmt.Fprintln(s.err, "There are no scopes yet. They appear with the first sync of an account.")
			}
		},
	}.print(ctx, s, c.Limit)
}

var scopeColumns = []column[*inventoryv1.Scope]{
	{title: "account", cell: func(_ *session, sc *inventoryv1.Scope) string { return clean(id(accountsCollection, sc.GetAccount())) }},
	{title: "kind", cell: func(_ *session, sc *inventoryv1.Scope) string {
		if sc.GetKind() == commonv1.Kind_KIND_UNSPECIFIED {
			return "all"
		}
		return enumText(sc.GetKind().String())
	}},
	{title: "location", cell: func(_ *session, sc *inventoryv1.Scope) string {
		if sc.GetLocation() == "-" {
			return "all"
		}
		return clean(sc.GetLocation())
	}},
	{title: "instances", right: true, cell: func(_ *session, sc *inventoryv1.Scope) string { return humanize.Number(sc.GetInstanceCount()) }},
	{title: "observed", cell: func(s *session, sc *inventoryv1.Scope) string { return age(sc) }},
	{title: "last attempt", cell: func(s *session, sc *inventoryv1.Scope) string { return s.ago(sc.GetLastAttemptTime()) }},
	{title: "problem", cell: problem},
}

var wideScopeColumns = []column[*inventoryv1.Scope]{
	{title: "interval", cell: func(_ *session, sc *inventoryv1.Scope) string {
		if sc.GetSyncInterval() == nil {
			return ""
		}
		return humanize.Short(sc.GetSyncInterval().AsDuration())
	}},
	{title: "calls per second", cell: func(_ *session, sc *inventoryv1.Scope) string {
		var texts []string
		for _, b := range sc.GetApiBudgets() {
			texts = append(texts, fmt.Sprintf("%s %s of %s", clean(b.GetApi()), rate(b.GetCallsPerSecond()), rate(b.GetMaxCallsPerSecond())))
		}
		return strings.Join(texts, ", ")
	}},
}

// rate returns a number of calls per second with three significant digits.
func rate(perSecond float64) string { return strconv.FormatFloat(perSecond, 'g', 3, 64) }

// age returns the time since a scope was observed, by the clock of the server.
func age(sc *inventoryv1.Scope) string {
	if sc.GetAge() == nil {
		return "never"
	}
	return humanize.Short(sc.GetAge().AsDuration()) + " ago"
}

// problem explains why a scope is unreachable, or returns "" if it is up to date.
func problem(s *session, sc *inventoryv1.Scope) string {
	hold, interval := sc.GetHold(), sc.GetSyncInterval().AsDuration()
	switch {
	case hold != nil:
		return s.outStyle.state("HELD") + fmt.Sprintf(" %s of %s instances went missing %s; see rollcall scopes confirm --help",
			humanize.Number(hold.GetMissingCount()), humanize.Number(hold.GetInstanceCount()), s.ago(hold.GetHoldTime()))
	case sc.GetLastErrorReason() != "":
		return s.outStyle.red(clean(sc.GetLastErrorReason())) + " " + clean(sc.GetLastError())
	case interval > 0 && sc.GetAge() != nil && sc.GetAge().AsDuration() > 2*interval:
		return s.outStyle.yellow("OVERDUE") + " due every " + humanize.Short(interval)
	}
	return ""
}

type confirmScope struct {
	Name string `arg:"" help:"The name of the scope: scopes/ACCOUNT~KIND~LOCATION or only ACCOUNT~KIND~LOCATION." complete:"scope"`
	Yes  bool   `short:"y" help:"Do not ask for confirmation."`
}

// Help returns the end of the help text.
func (c *confirmScope) Help() string {
	return `A scope is held if most of its instances disappear at once. The missing instances are listed as last seen until further
complete observations confirm that they are gone, or you do. A scope that is no longer read, because its location was
disabled or is no longer selected, lists its last known instances until you confirm that they can be removed.`
}

// Run confirms a scope.
func (c *confirmScope) Run(ctx context.Context, s *session) error {
	name := resource(scopesCollection, c.Name)
	request := &inventoryv1.ConfirmScopeRequest{Name: name}
	if !c.Yes {
		scope, err := s.findScope(ctx, name)
		if err != nil {
			return err
		}
		question := fmt.Sprintf("Mark all %s in %s as gone?", humanize.Count(scope.GetInstanceCount(), "instance"), clean(scopeText(name)))
		if hold := scope.GetHold(); hold != nil {
			request.HoldTime = hold.GetHoldTime() // confirms only this hold, not a later one
			question = fmt.Sprintf("Mark the %s of %s that are missing in %s as gone?",
				humanize.Number(hold.GetMissingCount()), humanize.Count(hold.GetInstanceCount(), "instance"), clean(scopeText(name)))
		}
		if err := s.confirm(question + " Nothing changes in the cloud."); err != nil {
			return err
		}
	}
	scope, err := s.inventory().ConfirmScope(ctx, request)
	if err != nil {
		return err
	}
	if s.format != formatTable {
		return printMessage(s.out, s.format, scope)
	}
	fmt.Fprintf(s.out, "%s: confirmed, %s left.\n", clean(scopeText(name)), humanize.Count(scope.GetInstanceCount(), "instance"))
	return nil
}

// findScope returns the scope with a name.
func (s *session) findScope(ctx context.Context, name string) (*inventoryv1.Scope, error) {
	account, _, _ := strings.Cut(id(scopesCollection, name), "~")
	request := &inventoryv1.ListScopesRequest{Filter: "account = " + strconv.Quote(account), PageSize: largestPage}
	for {
		page, err := s.inventory().ListScopes(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, scope := range page.GetScopes() {
			if scope.GetName() == name {
				return scope, nil
			}
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return nil, advise("list the scopes with rollcall scopes", "%s does not exist", clean(name))
		}
	}
}
