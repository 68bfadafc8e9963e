package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// View is all that the page says, in the words it says it.
type View struct {
	State State
	// Origin is how the reader reached the page, `http://localhost:8080`, for
	// commands to copy.
	Origin string
	// RefreshSeconds is how soon the page asks again.
	RefreshSeconds int

	Away     *Away
	Trouble  string
	Fresh    Fresh
	Cards    Cards
	Notes    []Note
	MoreNote []Note
	Facets   []Facet
	List     List
	Accounts Accounts
	// Empty tells that there is neither an account nor an instance, for certain.
	Empty bool
}

// Away are the services that do not answer now.
type Away struct {
	// Who is `The inventory service does` or `The accounts and … services do`.
	Who string
	// Since is how old what is shown of them is, the oldest; zero when nothing is.
	Since Moment
}

// Fresh is how fresh all of the roll is.
type Fresh struct {
	// Known tells whether there is anything to say of it.
	Known bool
	// Oldest is the oldest complete observation; zero when a scope was never
	// observed.
	Oldest Moment
	// Stale counts the scopes that nobody can vouch for now.
	Stale int
}

// Cards are the sums at the top.
type Cards struct {
	Known     bool
	Running   int64
	Stopped   int64
	Databases int64
	Machines  int64
}

const (
	refreshSeconds = 5
	// refreshBusySeconds is while an account syncs, whose progress moves.
	refreshBusySeconds = 2
)

// index is what the parts of a view look up in one another.
type index struct {
	now time.Time
	// names are the accounts' display names by resource name.
	names map[string]string
	// providers are the accounts' providers by resource name.
	providers map[string]string
	// remedies are what to do about the accounts' connections.
	remedies map[string]string
	// failing are the scopes whose last try failed, by resource name.
	failing map[string]*inventoryv1.Scope
	counts  *inventoryv1.AggregateInstancesResponse
}

// account is what people call an account.
func (x *index) account(name string) string {
	if display := x.names[name]; display != "" {
		return display
	}
	return strings.TrimPrefix(name, "accounts/")
}

// build turns answers into what the page says of them.
func build(s State, all answers, origin string, now time.Time) View {
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
		Away:     awayServices(all, now),
		Trouble:  trouble(all),
		Fresh:    fresh(all.counts.value, now),
		Cards:    cards(all.counts.value),
		Facets:   facets(s, x),
		List:     list(s, all, x),
		Accounts: accountList(s, all, x),
	}
	v.Notes, v.MoreNote = notes(all.counts.value.GetUnreachable(), x)
	v.Empty = v.Accounts.Known && len(v.Accounts.Rows) == 0 && v.Cards.Known && len(all.counts.value.GetGroups()) == 0 && v.Fresh.Stale == 0
	if v.Accounts.syncing {
		v.RefreshSeconds = refreshBusySeconds
	}
	return v
}

func awayServices(all answers, now time.Time) *Away {
	var names []string
	var since time.Time
	add := func(service string, at time.Time, err error) {
		if err == nil || !away(err) {
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
	a := &Away{Who: "The " + names[0] + " service does"}
	if last := len(names) - 1; last > 0 {
		a.Who = "The " + strings.Join(names[:last], ", ") + " and " + names[last] + " services do"
	}
	if !since.IsZero() {
		a.Since = momentAt(since, now)
	}
	return a
}

// trouble is an error that is neither the reader's nor that of a service that
// is away: ours.
func trouble(all answers) string {
	for _, err := range []error{all.accounts.err, all.counts.err, all.scopes.err, all.runs.err} {
		if err != nil && !away(err) {
			return status.Convert(err).Message()
		}
	}
	return ""
}

func fresh(counts *inventoryv1.AggregateInstancesResponse, now time.Time) Fresh {
	oldest := counts.GetFreshness().GetOldestObserveTime()
	stale := len(counts.GetUnreachable())
	return Fresh{Known: oldest != nil || stale > 0, Oldest: moment(oldest, now), Stale: stale}
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

// Facet is one field to filter by with its most frequent values.
type Facet struct {
	Title  string
	Values []FacetValue
	// More counts the values that are left out.
	More int
}

// FacetValue is one value of a facet.
type FacetValue struct {
	Text  string
	Count string
	// Share is of the facet's largest value, in percent.
	Share int64
	// On tells that the filter asks for it; URL then takes it out again.
	On  bool
	URL string
}

// facetValues is how many values a facet shows.
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
		{"State", "state", value(0), capital},
		{"Kind", "kind", value(1), capital},
		{"Account", "account", value(2), x.account},
		{"Region", "location.region", value(3), asIs},
		{"Cloud", "provider", func(values []string) string { return x.providers[values[2]] }, cloudName},
	} {
		facet := facet(s, x.counts, f.of, f.field, f.text)
		// Where all is of one cloud there is nothing to choose.
		if n := len(facet.Values); n > 1 || n == 1 && f.field != "provider" {
			facet.Title = f.title
			all = append(all, facet)
		}
	}
	return all
}

// facet sums the counts by what of takes from a group's values.
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
			Text: text(value), Count: number(sums[value]), Share: max(100*sums[value]/sums[values[0]], 1),
			On: on, URL: s.filtered(c.toggle(s.Filter)).URL(),
		})
	}
	return f
}

// instancesOf counts what the roll has of an account.
func (x *index) instancesOf(account string) int64 {
	var sum int64
	for _, group := range x.counts.GetGroups() {
		if group.GetValues()[2] == account {
			sum += group.GetCount()
		}
	}
	return sum
}

// connectionWord is a connection's status as people read it.
func connectionWord(c *accountsv1.Connection) string {
	if c.GetStatus() == accountsv1.Connection_STATUS_UNSPECIFIED {
		return "unknown"
	}
	return enumWord(c.GetStatus().String())
}
