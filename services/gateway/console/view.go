package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// View is the content of the page, ready for the templates.
type View struct {
	State State
	// Origin is the URL under which the browser reached the page, such as `http://localhost:8080`,
	// for commands to copy.
	Origin string
	// RefreshSeconds is the time until the page refreshes.
	RefreshSeconds int

	Outage      *Outage
	ServerError string
	Fresh       Fresh
	Cards       Cards
	Notes       []Note
	MoreNote    []Note
	Facets      []Facet
	List        List
	Accounts    Accounts
	// Empty is set if there are neither accounts nor instances, and all of that could be read.
	Empty bool
}

// Outage lists the services that are not responding.
type Outage struct {
	// Services is the subject of a sentence: `The inventory service is` or
	// `The accounts and … services are`.
	Services string
	// Since is the time of the oldest cached response, or zero if there is none.
	Since RelativeTime
}

// Fresh is the freshness of the whole inventory.
type Fresh struct {
	// Known is set if anything was observed.
	Known bool
	// Oldest is the time of the oldest complete observation, or zero if a scope was never observed.
	Oldest RelativeTime
	// Stale is the number of unreachable scopes.
	Stale int
}

// Cards are the totals at the top of the page.
type Cards struct {
	Known     bool
	Running   int64
	Stopped   int64
	Databases int64
	Machines  int64
}

const (
	refreshSeconds = 5
	// refreshBusySeconds applies while an account syncs, to show its progress.
	refreshBusySeconds = 2
)

// index has the data that several parts of a view look up.
type index struct {
	now time.Time
	// names has the display names of the accounts, by resource name.
	names map[string]string
	// providers has the providers of the accounts, by resource name.
	providers map[string]string
	// remedies has the remedies of the accounts' connections, by resource name.
	remedies map[string]string
	// failing has the unreachable scopes, by resource name.
	failing map[string]*inventoryv1.Scope
	counts  *inventoryv1.AggregateInstancesResponse
}

// account returns the display name of an account, or its id.
func (x *index) account(name string) string {
	if display := x.names[name]; display != "" {
		return display
	}
	return strings.TrimPrefix(name, "accounts/")
}

// build returns the view of a state from the responses of the services.
func build(s State, all responses, origin string, now time.Time) View {
	x := &index{
		now: now, names: map[string]string{}, providers: map[string]string{}, remedies: map[string]string{}, failing: map[string]*inventoryv1.Scope{},
		counts: all.counts.value,
	}
	for _, account := range all.accounts.value.GetAccounts() {
		x.names[account.GetName()] = account.GetDisplayName()
		x.providers[account.GetName()] = account.GetProvider().String()
		x.remedies[account.GetName()] = account.GetConnection().GetRemedy()
	}
	for _, scope := range all.scopes.value.GetScopes() {
		x.failing[scope.GetName()] = scope
	}
	v := View{
		State: s, Origin: origin, RefreshSeconds: refreshSeconds,
		Outage:      findOutage(all, now),
		ServerError: serverError(all),
		Fresh:       fresh(all.counts.value, now),
		Cards:       cards(all.counts.value),
		Facets:      facets(s, x),
		List:        list(s, all, x),
		Accounts:    accountList(s, all, x),
	}
	v.Notes, v.MoreNote = notes(all.counts.value.GetUnreachable(), x)
	v.Empty = v.Accounts.Known && len(v.Accounts.Rows) == 0 && v.Cards.Known && len(all.counts.value.GetGroups()) == 0 && v.Fresh.Stale == 0
	if v.Accounts.syncing {
		v.RefreshSeconds = refreshBusySeconds
	}
	return v
}

func findOutage(all responses, now time.Time) *Outage {
	var names []string
	var since time.Time
	add := func(service string, at time.Time, err error) {
		if err == nil || !isUnavailable(err) {
			return
		}
		if !slices.Contains(names, service) {
			names = append(names, service)
		}
		if !at.IsZero() && (since.IsZero() || at.Before(since)) {
			since = at
		}
	}
	add("accounts", all.accounts.at, all.accounts.err)
	add("inventory", all.instances.at, all.instances.err)
	add("inventory", all.counts.at, all.counts.err)
	add("discovery", all.runs.at, all.runs.err)
	if len(names) == 0 {
		return nil
	}
	a := &Outage{Services: "The " + names[0] + " service is"}
	if last := len(names) - 1; last > 0 {
		a.Services = "The " + strings.Join(names[:last], ", ") + " and " + names[last] + " services are"
	}
	if !since.IsZero() {
		a.Since = relativeTo(since, now)
	}
	return a
}

// serverError returns the message of an error that neither the user nor an unavailable service
// caused, or "".
func serverError(all responses) string {
	for _, err := range []error{all.accounts.err, all.counts.err, all.scopes.err, all.runs.err} {
		if err != nil && !isUnavailable(err) {
			return status.Convert(err).Message()
		}
	}
	return ""
}

func fresh(counts *inventoryv1.AggregateInstancesResponse, now time.Time) Fresh {
	oldest := counts.GetFreshness().GetOldestObserveTime()
	stale := len(counts.GetUnreachable())
	return Fresh{Known: oldest != nil || stale > 0, Oldest: relativeTime(oldest, now), Stale: stale}
}

func cards(counts *inventoryv1.AggregateInstancesResponse) Cards {
	c := Cards{Known: counts != nil}
	for _, group := range counts.GetGroups() {
		state, kind := group.GetValues()[0], group.GetValues()[1]
		switch state {
		case "RUNNING":
			c.Running += group.GetCount()
		case "STOPPED":
			c.Stopped += group.GetCount()
		}
		switch kind {
		case "DATABASE":
			c.Databases += group.GetCount()
		case "VIRTUAL_MACHINE":
			c.Machines += group.GetCount()
		}
	}
	return c
}

// Facet is a field to filter by, with its most frequent values.
type Facet struct {
	Title  string
	Values []FacetValue
	// More is the number of values that are not shown.
	More int
}

// FacetValue is one value of a facet.
type FacetValue struct {
	Text  string
	Count string
	// Share is the count as a percentage of the largest count in the facet.
	Share int64
	// On is set if the filter contains the value; URL then removes it.
	On  bool
	URL string
}

// facetValues is the number of values that a facet shows.
const facetValues = 6

func facets(s State, x *index) []Facet {
	if x.counts == nil {
		return nil
	}
	asIs := func(v string) string { return v }
	value := func(at int) func([]string) string { return func(values []string) string { return values[at] } }
	var all []Facet
	for _, f := range []struct {
		title, field string
		of           func(values []string) string
		text         func(string) string
	}{
		{"State", "state", value(0), capitalized},
		{"Kind", "kind", value(1), capitalized},
		{"Account", "account", value(2), x.account},
		{"Region", "location.region", value(3), asIs},
		{"Cloud", "provider", func(values []string) string { return x.providers[values[2]] }, cloudName},
	} {
		facet := facet(s, x.counts, f.of, f.field, f.text)
		// If all instances are in one cloud, there is nothing to choose.
		if n := len(facet.Values); n > 1 || n == 1 && f.field != "provider" {
			facet.Title = f.title
			all = append(all, facet)
		}
	}
	return all
}

// facet returns the sums of the counts by the value that of returns for a group.
func facet(
	s State, counts *inventoryv1.AggregateInstancesResponse, of func(values []string) string, field string, text func(string) string,
) Facet {
	sums := map[string]int64{}
	for _, group := range counts.GetGroups() {
		if value := of(group.GetValues()); value != "" {
			sums[value] += group.GetCount()
		}
	}
	values := make([]string, 0, len(sums))
	for value := range sums {
		values = append(values, value)
	}
	slices.SortFunc(values, func(a, b string) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	var f Facet
	for i, value := range values {
		c := clause{field: field, value: value}
		on := c.in(s.Filter)
		if i >= facetValues && !on {
			f.More++
			continue
		}
		f.Values = append(f.Values, FacetValue{
			Text: text(value), Count: humanize.Number(sums[value]), Share: max(100*sums[value]/sums[values[0]], 1),
			On: on, URL: s.filtered(c.toggle(s.Filter)).URL(),
		})
	}
	return f
}

// instancesOf returns the number of instances of an account.
func (x *index) instancesOf(account string) int64 {
	var sum int64
	for _, group := range x.counts.GetGroups() {
		if group.GetValues()[2] == account {
			sum += group.GetCount()
		}
	}
	return sum
}

// connectionText returns the status of a connection for people.
func connectionText(c *accountsv1.Connection) string {
	if c.GetStatus() == accountsv1.Connection_STATUS_UNSPECIFIED {
		return "unknown"
	}
	return enumText(c.GetStatus().String())
}
