package console

import (
	"cmp"
	"slices"
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// Accounts is the table of accounts.
type Accounts struct {
	// Known is set if the accounts could be read, even if there are none.
	Known bool
	Total int64
	// ByStatus has the number of accounts in each status, the worst first.
	ByStatus []StatusCount
	Rows     []AccountRow
	// Hidden is the number of rows that are not shown; AllURL shows them.
	Hidden int
	AllURL string
	// FewURL shows only the first rows again. It is "" unless all are shown.
	FewURL  string
	syncing bool
}

// StatusCount is the number of accounts in a status.
type StatusCount struct {
	Class string
	Text  string
	Count int
}

// AccountRow is one account.
type AccountRow struct {
	Anchor string
	Name   string
	Sub    string
	Class  string
	Status string
	Paused bool
	// Cloud is the name of the provider, and CloudURL shows its instances.
	Cloud    string
	CloudURL string
	// SignsInBy is the sign-in method, and SignsInAs the identity, for example a role.
	SignsInBy string
	SignsInAs string
	Instances string
	// LastSeen is set if the count is from before the connection failed.
	LastSeen bool
	LastSync RelativeTime
	// LastSuccess is set if the last sync did not succeed.
	LastSuccess RelativeTime
	Error       string
	Reason      string
	Remedy      string
	Run         *Progress
	FilterURL   string
}

// Progress is the progress of a sync run.
type Progress struct {
	Done, Total int32
}

// accountsShown is the number of accounts that the page shows at first.
const accountsShown = 12

// urgency orders accounts: those with problems come first.
var urgency = map[accountsv1.Connection_Status]int{
	accountsv1.Connection_FAILED:    0,
	accountsv1.Connection_DEGRADED:  1,
	accountsv1.Connection_SYNCING:   2,
	accountsv1.Connection_UNKNOWN:   3,
	accountsv1.Connection_CONNECTED: 3,
}

func accountList(s State, all responses, x *index) Accounts {
	list := Accounts{
		Known: all.accounts.value != nil, Total: int64(all.accounts.value.GetTotalSize()),
		AllURL: s.withAllAccounts(true).URL() + "#accounts",
	}
	running := map[string]*discoveryv1.SyncRun{}
	for _, run := range all.runs.value.GetSyncRuns() {
		running[run.GetAccount()] = run
	}
	accounts := slices.Clone(all.accounts.value.GetAccounts())
	slices.SortStableFunc(accounts, func(a, b *accountsv1.Account) int {
		return cmp.Compare(urgencyOf(a), urgencyOf(b))
	})
	for _, account := range accounts {
		if account.GetConnection().GetStatus() == accountsv1.Connection_SYNCING {
			list.syncing = true
		}
		list.count(account)
		if !s.AllAccounts && len(list.Rows) >= accountsShown {
			list.Hidden++
			continue
		}
		list.Rows = append(list.Rows, accountRow(s, account, running[account.GetName()], x))
	}
	if s.AllAccounts && len(list.Rows) > accountsShown {
		list.FewURL = s.withAllAccounts(false).URL() + "#accounts"
	}
	return list
}

// urgencyOf returns the urgency of an account. While a sync runs it is that of the status before,
// so that rows don't move with every sync.
func urgencyOf(a *accountsv1.Account) int {
	c := a.GetConnection()
	if c.GetStatus() == accountsv1.Connection_SYNCING {
		if c.GetLastSyncTime() != nil && c.GetLastError() != "" {
			return urgency[accountsv1.Connection_DEGRADED]
		}
		return urgency[accountsv1.Connection_CONNECTED]
	}
	return urgency[c.GetStatus()]
}

func (l *Accounts) count(a *accountsv1.Account) {
	text := connectionText(a.GetConnection())
	for i := range l.ByStatus {
		if l.ByStatus[i].Text == text {
			l.ByStatus[i].Count++
			return
		}
	}
	l.ByStatus = append(l.ByStatus, StatusCount{Class: text, Text: text, Count: 1})
}

// Connected returns the number of accounts whose last sync succeeded.
func (l Accounts) Connected() int {
	for _, c := range l.ByStatus {
		if c.Text == "connected" {
			return c.Count
		}
	}
	return 0
}

func accountRow(s State, a *accountsv1.Account, run *discoveryv1.SyncRun, x *index) AccountRow {
	c := a.GetConnection()
	r := AccountRow{
		Anchor:    accountAnchor(a.GetName()),
		Name:      a.GetDisplayName(),
		Sub:       cloudID(a),
		Cloud:     cloudName(a.GetProvider().String()),
		CloudURL:  s.filtered(clause{"provider", a.GetProvider().String()}.String()).URL() + "#instances",
		Class:     connectionText(c),
		Status:    connectionText(c),
		Paused:    a.GetPaused(),
		LastSync:  relativeTime(c.GetLastSyncTime(), x.now),
		Error:     c.GetLastError(),
		Remedy:    c.GetRemedy(),
		FilterURL: s.filtered(clause{"account", a.GetName()}.String()).URL() + "#instances",
	}
	r.SignsInBy, r.SignsInAs = signIn(a)
	if c.Reason != nil {
		r.Reason = c.GetReason().String()
	}
	if x.counts != nil {
		r.Instances = humanize.Number(x.instancesOf(a.GetName()))
	}
	switch c.GetStatus() {
	case accountsv1.Connection_SYNCING:
		if run.GetScopesTotal() > 0 {
			r.Run = &Progress{Done: run.GetScopesDone(), Total: run.GetScopesTotal()}
		}
	case accountsv1.Connection_DEGRADED, accountsv1.Connection_FAILED:
		r.LastSuccess = relativeTime(c.GetLastSuccessTime(), x.now)
		r.LastSeen = c.GetStatus() == accountsv1.Connection_FAILED && r.Instances != "0"
	}
	return r
}

// accountAnchor returns the anchor of an account on the page.
func accountAnchor(name string) string {
	return "account-" + strings.TrimPrefix(name, "accounts/")
}
