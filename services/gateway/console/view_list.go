package console

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// List is the table of instances.
type List struct {
	Columns []Column
	Rows    []Row
	// Known is set if the instances could be read, even if there are none.
	Known bool
	// Total is the number of instances that match, and Range the rows on this page, `51–100`.
	Total int64
	Range string
	// AsOf is the time of the oldest observation behind the rows.
	AsOf RelativeTime
	// Unreachable is the number of scopes for which the list may be incomplete or out of date.
	Unreachable int
	// Filter is the mistake in the filter, if there is one.
	Filter *Mistake
	// Problem is any other reason why there are no rows.
	Problem string

	FirstURL    string
	PreviousURL string
	NextURL     string
	GoneURL     string
	ClearURL    string
}

// Column is the head of a column.
type Column struct {
	Text string
	// URL sorts by the column, or is "" if that is not possible.
	URL string
	// Sort is the value of aria-sort: `ascending`, `descending` or "".
	Sort string
	// Wide columns are hidden on a phone, and the Account column on a small phone.
	Wide    bool
	Account bool
}

// Row is one instance.
type Row struct {
	ID string
	// PageURL is the page of the instance with its history.
	PageURL  string
	Chip     Chip
	Name     string
	Sub      string
	SubMono  bool
	Stale    bool
	URI      string
	Type     string
	Account  string
	AcctURL  string
	Location string
	Address  string
	// Addresses has all addresses if there are more than the one shown.
	Addresses []string
	Labels    []Label
	// MoreLabels has the labels that do not fit into the row.
	MoreLabels []Label
	Changed    RelativeTime
}

// Label is a label with a link that filters by it.
type Label struct {
	Text string
	URL  string
}

// Chip is a state as text in a colour.
type Chip struct {
	Text  string
	Class string
	Title string
}

// Mistake is an error in the filter.
type Mistake struct {
	Text string
	// Before, At and After are the parts of the filter around the error. At is "" if the position
	// is unknown, and a blank at the end of the filter.
	Before, At, After string
}

// labelsShown is the number of labels in a row.
const labelsShown = 1

func list(s State, all responses, x *index) List {
	l := List{
		Columns: columns(s), ClearURL: s.filtered("").URL(), GoneURL: s.withGone(!s.Gone).URL(),
	}
	if err := all.instances.err; err != nil && all.instances.value == nil {
		l.explain(s, err)
		return l
	}
	answer := all.instances.value
	unreachable := map[string]bool{}
	for _, scope := range answer.GetUnreachable() {
		unreachable[scope] = true
	}
	l.Known = true
	l.Total = int64(answer.GetTotalSize())
	l.AsOf = relativeTime(answer.GetFreshness().GetOldestObserveTime(), x.now)
	l.Unreachable = len(unreachable)
	for _, instance := range answer.GetInstances() {
		l.Rows = append(l.Rows, row(s, instance, unreachable[scopeOf(instance)], x))
	}
	if len(l.Rows) > 0 {
		first := int64(s.page*pageSize) + 1
		l.Range = humanize.Number(first) + "–" + humanize.Number(first+int64(len(l.Rows))-1)
	}
	if s.page > 0 {
		l.FirstURL, l.PreviousURL = s.first().URL(), s.previous().URL()
	}
	if token := answer.GetNextPageToken(); token != "" {
		l.NextURL = s.next(token).URL()
	}
	return l
}

// explain sets the reason why there are no rows.
func (l *List) explain(s State, err error) {
	st := status.Convert(err)
	if isUnavailable(err) {
		return // The banner explains it.
	}
	if st.Code() == codes.InvalidArgument {
		for _, detail := range st.Details() {
			if bad, ok := detail.(*errdetails.BadRequest); ok {
				for _, violation := range bad.GetFieldViolations() {
					if violation.GetField() == "filter" {
						l.Filter = mistake(s.Filter, violation.GetDescription(), column(st))
						return
					}
				}
			}
		}
	}
	l.Problem = st.Message()
}

// column returns the position of an error in the filter, in characters from 1, or 0 if it is
// unknown.
func column(st *status.Status) int {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			n, _ := strconv.Atoi(info.GetMetadata()["column"])
			return n
		}
	}
	return 0
}

func mistake(filter, text string, column int) *Mistake {
	m := &Mistake{Text: text}
	runes := []rune(filter)
	switch {
	case column < 1 || column > len(runes)+1:
	case column == len(runes)+1:
		m.Before, m.At = filter, " "
	default:
		m.Before, m.At, m.After = string(runes[:column-1]), string(runes[column-1]), string(runes[column:])
	}
	return m
}

func columns(s State) []Column {
	order := s.Order
	if order == "" {
		order = defaultOrder
	}
	field, desc := strings.CutSuffix(order, " desc")
	var all []Column
	for _, c := range []struct {
		text, field string
		descFirst   bool
		wide        bool
	}{
		{text: "State", field: "state"},
		{text: "Name", field: "display_name"},
		{text: "Type", field: "machine_type", wide: true},
		{text: "Account", field: "account"},
		{text: "Location", field: "location.region", wide: true},
		{text: "Labels", wide: true},
		{text: "Changed", field: "change_time", descFirst: true},
	} {
		head := Column{Text: c.text, Wide: c.wide, Account: c.field == "account"}
		if c.field != "" {
			next := c.field
			if c.descFirst {
				next += " desc"
			}
			if c.field == field {
				head.Sort, next = "ascending", c.field+" desc"
				if desc {
					head.Sort, next = "descending", c.field
				}
			}
			head.URL = s.ordered(next).URL()
		}
		all = append(all, head)
	}
	return all
}

func row(s State, i *inventoryv1.Instance, stale bool, x *index) Row {
	r := Row{
		ID:       "i-" + strings.TrimPrefix(i.GetName(), "instances/"),
		PageURL:  "/" + i.GetName(),
		Chip:     stateChip(i),
		Name:     i.GetDisplayName(),
		Sub:      i.GetProviderId(),
		SubMono:  true,
		URI:      i.GetProviderUri(),
		Type:     typeText(i),
		Account:  x.account(i.GetAccount()),
		AcctURL:  s.filtered(clause{"account", i.GetAccount()}.toggle(s.Filter)).URL(),
		Location: locationText(i),
		Changed:  relativeTime(i.GetChangeTime(), x.now),
	}
	if r.Name == "" {
		r.Name = i.GetProviderId()
	}
	if stale {
		r.Stale, r.SubMono = true, false
		r.Sub = "last seen " + relativeTime(i.GetObserveTime(), x.now).Text + " · can't be read"
	}
	if i.GetGoneTime() != nil {
		r.SubMono = false
		r.Sub = "gone since " + relativeTime(i.GetGoneTime(), x.now).Text
	}
	r.Address, r.Addresses = addresses(i)
	for _, key := range labelKeys(i) {
		value := i.GetLabels()[key]
		l := Label{Text: key + "=" + value, URL: s.filtered(label(key, value).toggle(s.Filter)).URL()}
		if len(r.Labels) < labelsShown {
			r.Labels = append(r.Labels, l)
		} else {
			r.MoreLabels = append(r.MoreLabels, l)
		}
	}
	return r
}

// labelKeys returns the label keys of an instance in order; labels that repeat its name, such as
// the Name tag of AWS, are last.
func labelKeys(i *inventoryv1.Instance) []string {
	repeats := func(key string) int { return boolInt(i.GetLabels()[key] == i.GetDisplayName()) }
	return slices.SortedFunc(maps.Keys(i.GetLabels()), func(a, b string) int {
		return cmp.Or(cmp.Compare(repeats(a), repeats(b)), cmp.Compare(a, b))
	})
}

func stateChip(i *inventoryv1.Instance) Chip {
	c := Chip{Text: enumText(i.GetState().String()), Class: "unknown"}
	if i.GetProviderState() != "" {
		c.Title = "state in the cloud: " + i.GetProviderState()
	}
	switch i.GetState() {
	case inventoryv1.Instance_RUNNING:
		c.Class = "running"
	case inventoryv1.Instance_PENDING:
		c.Class = "pending"
	case inventoryv1.Instance_STOPPING, inventoryv1.Instance_MAINTENANCE:
		c.Class = "stopping"
	case inventoryv1.Instance_STOPPED, inventoryv1.Instance_SUSPENDED:
		c.Class = "stopped"
	case inventoryv1.Instance_FAILED:
		c.Class = "failed"
	case inventoryv1.Instance_GONE, inventoryv1.Instance_TERMINATED:
		c.Class = "gone"
	}
	return c
}

func typeText(i *inventoryv1.Instance) string {
	var parts []string
	if db := i.GetDatabase(); db != nil {
		parts = append(parts, strings.TrimSpace(db.GetEngine()+" "+db.GetEngineVersion()))
	}
	parts = append(parts, i.GetMachineType())
	if i.GetVirtualMachine().GetSpot() {
		parts = append(parts, "spot")
	}
	return joined(parts)
}

func locationText(i *inventoryv1.Instance) string {
	where := i.GetLocation().GetZone()
	if where == "" {
		where = i.GetLocation().GetRegion()
	}
	if i.GetDatabase().GetHighAvailability() {
		return where + " · HA"
	}
	return where
}

// joined joins the parts that are not empty.
func joined(parts []string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " · ")
}

// addresses returns the address to show, and all addresses if there is more than one.
func addresses(i *inventoryv1.Instance) (shown string, all []string) {
	all = append(append(all, i.GetPrivateIps()...), i.GetPublicIps()...)
	if db := i.GetDatabase(); db.GetEndpoint() != "" {
		all = append(all, fmt.Sprintf("%s:%d", db.GetEndpoint(), db.GetPort()))
	}
	if len(all) == 0 {
		return "", nil
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all[0], all
}
