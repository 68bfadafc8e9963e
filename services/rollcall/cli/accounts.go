package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

type accountsCommand struct {
	remote `embed:""`

	List   listAccounts  `cmd:"" default:"withargs" help:"List the accounts with the status of their connections (the default)."`
	Get    getAccount    `cmd:"" help:"Show one account."`
	Create createAccount `cmd:"" help:"Add an account."`
	Update updateAccount `cmd:"" help:"Change the settings of an account."`
	Delete deleteAccount `cmd:"" help:"Delete an account and its instances from Rollcall. Nothing changes in the cloud."`

	SetupGuide setupGuide    `cmd:"" help:"Print how to grant an account's credentials the permissions that Rollcall needs."`
	Verify     verifyAccount `cmd:"" help:"Check an account's credentials and their permissions."`
}

type listAccounts struct {
	Filter  string `help:"AIP-160 filter, such as 'connection.status = FAILED' or 'labels.env = \"prod\"'." placeholder:"FILTER"`
	OrderBy string `help:"Fields to sort by, such as 'display_name desc'." placeholder:"FIELDS"`
	Limit   int    `help:"Maximum number of accounts; 0 for all." default:"0"`
}

// Run lists accounts.
func (c *listAccounts) Run(ctx context.Context, s *session) error {
	return listing[*accountsv1.Account, *accountsv1.ListAccountsResponse]{
		key:     "accounts",
		columns: accountColumns,
		fetch: func(ctx context.Context, size int32, token string) (*accountsv1.ListAccountsResponse, error) {
			return s.accounts().ListAccounts(ctx, &accountsv1.ListAccountsRequest{
				PageSize: size, PageToken: token, Filter: c.Filter, OrderBy: c.OrderBy,
			})
		},
		items: (*accountsv1.ListAccountsResponse).GetAccounts,
		footnote: func(last *accountsv1.ListAccountsResponse, shown int) {
			switch {
			case shown > 0:
				fmt.Fprintln(s.err, s.errStyle.dim(outOf(shown, int(last.GetTotalSize()), "account")))
			case c.Filter != "":
				fmt.Fprintln(s.err, "No accounts match the filter.")
			default:
				fmt.Fprintln(s.err, "There are no accounts yet. Add one:")
				fmt.Fprintln(s.err, "  "+s.errStyle.bold("rollcall accounts create aws 100000000001 --role-arn arn:aws:iam::100000000001:role/rollcall"))
			}
		},
	}.print(ctx, s, c.Limit)
}

// outOf returns the number of items shown and of all: "3 accounts", "3 of 20 accounts".
func outOf(shown, total int, noun string) string {
	if total > shown {
		return humanize.Number(shown) + " of " + humanize.Count(total, noun)
	}
	return humanize.Count(shown, noun)
}

var accountColumns = []column[*accountsv1.Account]{
	{title: "account", cell: func(_ *session, a *accountsv1.Account) string { return clean(id(accountsCollection, a.GetName())) }},
	{title: "name", cell: func(_ *session, a *accountsv1.Account) string { return clean(a.GetDisplayName()) }},
	{title: "status", cell: func(s *session, a *accountsv1.Account) string {
		status := s.outStyle.state(a.GetConnection().GetStatus().String())
		if a.GetPaused() {
			status += s.outStyle.dim(" (paused)")
		}
		return status
	}},
	{title: "last sync", cell: func(s *session, a *accountsv1.Account) string { return s.ago(a.GetConnection().GetLastSyncTime()) }},
	{title: "signs in by", cell: func(_ *session, a *accountsv1.Account) string { return clean(signInText(a)) }},
	{title: "regions", cell: func(_ *session, a *accountsv1.Account) string { return clean(regionsOf(a)) }},
	{title: "problem", cell: func(_ *session, a *accountsv1.Account) string {
		if a.GetConnection().Reason == nil {
			return ""
		}
		return a.GetConnection().GetReason().String()
	}},
}

func regionsOf(a *accountsv1.Account) string {
	if account, _ := cloudaccount.Of(a); len(account.Regions) > 0 {
		return strings.Join(account.Regions, ",")
	}
	return "all"
}

type getAccount struct {
	Name string `arg:"" help:"The account, such as aws-100000000001." complete:"account"`
}

// Run shows one account.
func (c *getAccount) Run(ctx context.Context, s *session) error {
	account, err := s.accounts().GetAccount(ctx, &accountsv1.GetAccountRequest{Name: resource(accountsCollection, c.Name)})
	if err != nil {
		return err
	}
	return s.showAccount(account)
}

// showAccount prints one account in the output format.
func (s *session) showAccount(a *accountsv1.Account) error {
	if s.format != formatTable {
		return printMessage(s.out, s.format, a)
	}
	c := a.GetConnection()
	account, _ := cloudaccount.Of(a)
	fields := []field{
		{"account", clean(a.GetName())},
		{"name", clean(a.GetDisplayName())},
		{"provider", a.GetProvider().String()},
		{"cloud id", clean(account.ID)},
		{"signs in by", clean(signInText(a))},
	}
	fields = append(fields, credentialFields(a)...)
	fields = append(fields, []field{
		{"regions", clean(regionsOf(a))},
		{"labels", labelText(a.GetLabels())},
		{"status", s.outStyle.state(c.GetStatus().String())},
		{"last sync", s.stamp(c.GetLastSyncTime())},
		{"last success", s.stamp(c.GetLastSuccessTime())},
		{"sync run", clean(id(runsCollection, c.GetSyncRun()))},
		{"problem", problemText(s, c)},
		{"what to do", cleanLines(c.GetRemedy())},
		{"created", s.stamp(a.GetCreateTime())},
		{"updated", s.stamp(a.GetUpdateTime())},
		{"etag", clean(a.GetEtag())},
	}...)
	if a.GetSyncInterval() != nil {
		fields = append(fields, field{"sync interval", a.GetSyncInterval().AsDuration().String()})
	}
	if a.GetPaused() {
		fields = append(fields, field{"paused", "yes: not synced by schedule"})
	}
	if a.GetReadOnly() {
		fields = append(fields, field{"read only", "yes: its instances can't be started or stopped"})
	}
	printFields(s.out, s.outStyle, fields)
	return nil
}

func problemText(s *session, c *accountsv1.Connection) string {
	if c.Reason == nil {
		return ""
	}
	return s.outStyle.red(c.GetReason().String()) + " " + cleanLines(c.GetLastError())
}

// labelText returns labels sorted by key, one a line.
func labelText(labels map[string]string) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		lines = append(lines, clean(key)+"="+clean(labels[key]))
	}
	return strings.Join(lines, "\n")
}
