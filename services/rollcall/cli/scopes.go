package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

type scopesCommand struct {
	remote `embed:""`

	List    listScopes   `cmd:"" default:"withargs" help:"List scopes (the default)."`
	Confirm confirmScope `cmd:"" help:"Say that what is missing in a scope is gone, or that a scope that is not read any more is not needed."`
}

type listScopes struct {
	Filter string `short:"f" help:"AIP-160 filter, such as 'account = \"accounts/aws-100000000001\" AND kind = DATABASE'." placeholder:"FILTER"`
	Failed bool   `help:"Only those that answers can't vouch for: never observed, failed, held or overdue."`
	Limit  int    `help:"At most so many; 0: all." default:"0"`
	Wide   bool   `short:"w" help:"More columns: how often each is due, and what is left of the limits of the cloud's APIs."`
}

// Help is the end of --help.
func (c *listScopes) Help() string {
	return `A scope is one kind of instance in one location of one account: the smallest thing whose truth is known at once.`
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
				fmt.Fprintln(s.err, s.errStyle.dim(plural(shown, "scope")))
			case c.Failed:
				fmt.Fprintln(s.err, "Every scope can be vouched for.")
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
		if sc.GetKind() == commonv1.Kind_KIND_UNSPECIFIED {
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
	{title: "observed", cell: func(s *session, sc *inventoryv1.Scope) string { return age(sc) }},
	{title: "last try", cell: func(s *session, sc *inventoryv1.Scope) string { return s.ago(sc.GetLastAttemptTime()) }},
	{title: "problem", cell: problem},
}

var wideScopeColumns = []column[*inventoryv1.Scope]{
	{title: "due every", cell: func(_ *session, sc *inventoryv1.Scope) string {
		if sc.GetSyncInterval() == nil {
			return ""
		}
		return short(sc.GetSyncInterval().AsDuration())
	}},
	{title: "calls per second", cell: func(_ *session, sc *inventoryv1.Scope) string {
		var texts []string
		for _, b := range sc.GetApiBudgets() {
			texts = append(texts, fmt.Sprintf("%s %s of %s", clean(b.GetApi()), rate(b.GetCallsPerSecond()), rate(b.GetMaxCallsPerSecond())))
		}
		return strings.Join(texts, ", ")
	}},
}

// rate is calls a second, with no more digits than mean something.
func rate(perSecond float64) string { return strconv.FormatFloat(perSecond, 'g', 3, 64) }

// age is how long ago a scope was observed, by the server's clock.
func age(sc *inventoryv1.Scope) string {
	if sc.GetAge() == nil {
		return "never"
	}
	return short(sc.GetAge().AsDuration()) + " ago"
}

// problem says why answers can't vouch for a scope; empty when they can.
func problem(s *session, sc *inventoryv1.Scope) string {
	hold, interval := sc.GetHold(), sc.GetSyncInterval().AsDuration()
	switch {
	case hold != nil:
		return s.outStyle.byWord("HELD") + fmt.Sprintf(" %s of %s instances were missing %s; see rollcall scopes confirm",
			number(hold.GetMissingCount()), number(hold.GetInstanceCount()), s.ago(hold.GetHoldTime()))
	case sc.GetLastErrorReason() != "":
		return s.outStyle.red(clean(sc.GetLastErrorReason())) + " " + clean(sc.GetLastError())
	case interval > 0 && sc.GetAge() != nil && sc.GetAge().AsDuration() > 2*interval:
		return s.outStyle.yellow("OVERDUE") + " due every " + short(interval)
	}
	return ""
}

type confirmScope struct {
	Name string `arg:"" help:"The scope: scopes/… or what is behind it, ACCOUNT~KIND~LOCATION." complete:"scope"`
	Yes  bool   `short:"y" help:"Do not ask."`
}

// Help is the end of --help.
func (c *confirmScope) Help() string {
	return `A scope is held when most of it vanished at once: what is missing is shown as last seen until the next complete
observation, or you, say that it is gone. A scope that is not read any more, as its location was switched off or is no
longer wanted, shows what was there until you say that it may go.`
}

// Run settles a scope.
func (c *confirmScope) Run(ctx context.Context, s *session) error {
	name := resource(scopesCollection, c.Name)
	request := &inventoryv1.ConfirmScopeRequest{Name: name}
	if !c.Yes {
		scope, err := s.findScope(ctx, name)
		if err != nil {
			return err
		}
		question := fmt.Sprintf("Mark all %s in %s as gone?", plural(scope.GetInstanceCount(), "instance"), clean(scopeWords(name)))
		if hold := scope.GetHold(); hold != nil {
			request.HoldTime = hold.GetHoldTime() // what is asked about, and not what may follow meanwhile
			question = fmt.Sprintf("Mark the %s of %s that are missing in %s as gone?",
				number(hold.GetMissingCount()), plural(hold.GetInstanceCount(), "instance"), clean(scopeWords(name)))
		}
		if err := s.confirm(question + " Nothing is touched in the cloud."); err != nil {
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
	fmt.Fprintf(s.out, "%s is settled: %s there.\n", clean(scopeWords(name)), plural(scope.GetInstanceCount(), "instance"))
	return nil
}

// findScope is the scope with this name.
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
			return nil, advise("see rollcall scopes", "%s is not on the roll", clean(name))
		}
	}
}
