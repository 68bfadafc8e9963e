package console

import (
	"cmp"
	"slices"
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// Accounts is the table of accounts.
type Accounts struct {
	// Known tells that there is an answer, be it an empty one.
	Known bool
	Total int64
	// ByStatus counts the statuses, the worst first.
	ByStatus []StatusCount
	Rows     []AccountRow
	// Hidden counts the rows that are left out; AllURL shows them.
	Hidden int
	AllURL string
	// FewURL shows only the first ones again, when all are shown.
	FewURL  string
	syncing bool
}

// StatusCount is how many accounts have a status.
type StatusCount struct {
	Class string
	Word  string
	Count int
}

// AccountRow is one account.
type AccountRow struct {
	Anchor string
	Name   string
	Sub    string
	Class  string
	Word   string
	Paused bool
	// Cloud is the provider's name, and CloudURL its instances.
	Cloud    string
	CloudURL string
	// SignsInBy is the way to sign in, and SignsInAs what it uses: a role, a key.
	SignsInBy string
	SignsInAs string
	Instances string
	// LastSeen tells that the count is from before the connection failed.
	LastSeen bool
	LastSync Moment
	// LastSuccess is shown when the last sync was not one.
	LastSuccess Moment
	Error       string
	Reason      string
	Remedy      string
	Run         *Progress
	FilterURL   string
}

// Progress is how far a sync run is.
type Progress struct {
	Done, Total int32
}

// accountsShown is how many accounts the page begins with.
const accountsShown = 12

// urgency orders accounts: what needs a person comes first.
var urgency = map[accountsv1.Connection_Status]int{
	accountsv1.Connection_FAILED:    0,
	accountsv1.Connection_DEGRADED:  1,
	accountsv1.Connection_SYNCING:   2,
	accountsv1.Connection_UNKNOWN:   3,
	accountsv1.Connection_CONNECTED: 3,
}

func accountList(s State, all answers, x *index) Accounts {
	list := Accounts{
		Known: all.accounts.value != nil, Total: int64(all.accounts.value.GetTotalSize()),
		AllURL: s.everyAccount(true).URL() + "#accounts",
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
		list.FewURL = s.everyAccount(false).URL() + "#accounts"
	}
	return list
}

// urgencyOf counts an account that was healthy before its running sync as
// healthy: rows must not jump at each sync.
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
	word := connectionWord(a.GetConnection())
	for i := range l.ByStatus {
		if l.ByStatus[i].Word == word {
			l.ByStatus[i].Count++
			return
		}
	}
	l.ByStatus = append(l.ByStatus, StatusCount{Class: word, Word: word, Count: 1})
}

// Connected counts the accounts whose last sync was whole.
func (l Accounts) Connected() int {
	for _, c := range l.ByStatus {
		if c.Word == "connected" {
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
		Class:     connectionWord(c),
		Word:      connectionWord(c),
		Paused:    a.GetPaused(),
		LastSync:  moment(c.GetLastSyncTime(), x.now),
		Error:     c.GetLastError(),
		Remedy:    c.GetRemedy(),
		FilterURL: s.filtered(clause{"account", a.GetName()}.String()).URL() + "#instances",
	}
	r.SignsInBy, r.SignsInAs = signIn(a)
	if c.Reason != nil {
		r.Reason = c.GetReason().String()
	}
	if x.counts != nil {
		r.Instances = number(x.instancesOf(a.GetName()))
	}
	switch c.GetStatus() {
	case accountsv1.Connection_SYNCING:
		if run.GetScopesTotal() > 0 {
			r.Run = &Progress{Done: run.GetScopesDone(), Total: run.GetScopesTotal()}
		}
	case accountsv1.Connection_DEGRADED, accountsv1.Connection_FAILED:
		r.LastSuccess = moment(c.GetLastSuccessTime(), x.now)
		r.LastSeen = c.GetStatus() == accountsv1.Connection_FAILED && r.Instances != "0"
	}
	return r
}

// accountAnchor is where on the page an account is.
func accountAnchor(name string) string {
	return "account-" + strings.TrimPrefix(name, "accounts/")
}
