package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/cloudaccount"
)

type accountsCommand struct {
	remote `embed:""`

	List   listAccounts  `cmd:"" default:"withargs" help:"List the accounts with how their connections go (the default)."`
	Get    getAccount    `cmd:"" help:"Show one account."`
	Create createAccount `cmd:"" help:"Put an account on the roll."`
	Update updateAccount `cmd:"" help:"Change an account's settings."`
	Delete deleteAccount `cmd:"" help:"Take an account off the roll. Nothing is touched in the cloud."`

	SetupGuide setupGuide    `cmd:"" help:"Print how to give an account's credentials the least that Rollcall needs."`
	Verify     verifyAccount `cmd:"" help:"Try an account's credentials: who they are, and what they may do."`
}

type listAccounts struct {
	Filter  string `help:"AIP-160 filter, such as 'connection.status = FAILED' or 'labels.env = \"prod\"'." placeholder:"FILTER"`
	OrderBy string `help:"Fields to sort by, such as 'display_name desc'." placeholder:"FIELDS"`
	Limit   int    `help:"At most so many; 0: all." default:"0"`
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
				fmt.Fprintln(s.err, "No account matches the filter.")
			default:
				fmt.Fprintln(s.err, "No account is on the roll yet. Put one on it:")
				fmt.Fprintln(s.err, "  "+s.errStyle.bold("rollcall accounts create aws 100000000001 --role-arn arn:aws:iam::100000000001:role/rollcall"))
			}
		},
	}.print(ctx, s, c.Limit)
}

// outOf says how many were shown of how many: "3 accounts", "3 of 20 accounts".
func outOf(shown, total int, noun string) string {
	if total > shown {
		return number(shown) + " of " + plural(total, noun)
	}
	return plural(shown, noun)
}

var accountColumns = []column[*accountsv1.Account]{
	{title: "account", cell: func(_ *session, a *accountsv1.Account) string { return clean(id(accountsCollection, a.GetName())) }},
	{title: "name", cell: func(_ *session, a *accountsv1.Account) string { return clean(a.GetDisplayName()) }},
	{title: "status", cell: func(s *session, a *accountsv1.Account) string {
		status := s.outStyle.byWord(a.GetConnection().GetStatus().String())
		if a.GetPaused() {
			status += s.outStyle.dim(" (paused)")
		}
		return status
	}},
	{title: "last sync", cell: func(s *session, a *accountsv1.Account) string { return s.ago(a.GetConnection().GetLastSyncTime()) }},
	{title: "signs in by", cell: func(_ *session, a *accountsv1.Account) string { return clean(signsInBy(a)) }},
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

// cloudID returns the cloud's own id of an account.
func cloudID(a *accountsv1.Account) string {
	account, _ := cloudaccount.Of(a)
	return account.ID
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

// showAccount prints one account in the wanted format.
func (s *session) showAccount(a *accountsv1.Account) error {
	if s.format != formatTable {
		return printMessage(s.out, s.format, a)
	}
	c := a.GetConnection()
	fields := []field{
		{"account", clean(a.GetName())},
		{"name", clean(a.GetDisplayName())},
		{"provider", a.GetProvider().String()},
		{"cloud id", clean(cloudID(a))},
		{"signs in by", clean(signsInBy(a))},
		{"role", clean(a.GetAws().GetAssumeRole().GetRoleArn())},
		{"external id", clean(a.GetAws().GetAssumeRole().GetExternalId())},
		{"source account", clean(id(accountsCollection, a.GetAws().GetAssumeRole().GetSourceAccount()))},
		{"session tags", labelText(a.GetAws().GetAssumeRole().GetSessionTags())},
		{"private key id", clean(a.GetGcp().GetServiceAccountKey().GetPrivateKeyId())},
		{"audience", clean(a.GetGcp().GetWorkloadIdentity().GetAudience())},
		{"regions", clean(regionsOf(a))},
		{"labels", labelText(a.GetLabels())},
		{"status", s.outStyle.byWord(c.GetStatus().String())},
		{"last sync", s.stamp(c.GetLastSyncTime())},
		{"last success", s.stamp(c.GetLastSuccessTime())},
		{"sync run", clean(id(runsCollection, c.GetSyncRun()))},
		{"problem", problemText(s, c)},
		{"what to do", cleanLines(c.GetRemedy())},
		{"created", s.stamp(a.GetCreateTime())},
		{"updated", s.stamp(a.GetUpdateTime())},
		{"etag", clean(a.GetEtag())},
	}
	if a.GetSyncInterval() != nil {
		fields = append(fields, field{"sync interval", a.GetSyncInterval().AsDuration().String()})
	}
	if a.GetPaused() {
		fields = append(fields, field{"paused", "yes: not synced by the schedule"})
	}
	if a.GetReadOnly() {
		fields = append(fields, field{"read only", "yes: nothing in it is started or stopped"})
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

// labelText is labels in the order of their keys, one a line.
func labelText(labels map[string]string) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		lines = append(lines, clean(key)+"="+clean(labels[key]))
	}
	return strings.Join(lines, "\n")
}
