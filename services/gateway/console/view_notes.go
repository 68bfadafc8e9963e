package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// Note says what could not be seen, since when and why. Notes are what keeps
// "there is none" apart from "we could not look".
type Note struct {
	// Account is the anchor of the account's row.
	Account string
	// Title is whose and what: `payments-prod · eu-south-1 · virtual machines`.
	Title string
	// Text says the rest: `could not be read for 12 min: AccessDenied …`.
	Text string
	// Remedy is what to do about it, if known.
	Remedy string
	// Waiting tells that nothing failed: the first look is still to come.
	Waiting bool
}

// notesShown is how many notes are open; the rest fold.
const notesShown = 3

// trouble of one account for one reason, over all its places.
type noteGroup struct {
	account string
	err     string
	waiting bool
	places  []string
	held    int64
	// seen is the oldest complete observation; zero when there was none of one.
	seen  time.Time
	never bool
}

// notes groups the scopes that could not be vouched for by account and cause.
func notes(unreachable []string, x *index) (shown, more []Note) {
	groups := map[string]*noteGroup{}
	var order []string
	for _, name := range unreachable {
		account, kind, location, ok := parseScope(name)
		if !ok {
			continue
		}
		scope := x.failing[name]
		why := whyNot(scope)
		key := account + "\x00" + why
		g := groups[key]
		if g == nil {
			g = &noteGroup{account: account, err: why, waiting: why == "" && scope.GetLastCompleteTime() == nil}
			groups[key] = g
			order = append(order, key)
		}
		g.add(place(kind, location), scope)
	}
	slices.SortStableFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(boolInt(groups[a].waiting), boolInt(groups[b].waiting)), cmp.Compare(groups[b].held, groups[a].held))
	})
	for i, key := range order {
		if note := groups[key].note(x); i < notesShown {
			shown = append(shown, note)
		} else {
			more = append(more, note)
		}
	}
	return shown, more
}

// whyNot is why an answer can't vouch for a scope; "" when nobody knows, or for
// one that was not looked at yet.
func whyNot(scope *inventoryv1.Scope) string {
	switch hold := scope.GetHold(); {
	case hold != nil:
		return fmt.Sprintf("%s of %s instances were missing at once, which another reading or a person has to confirm",
			number(hold.GetMissingCount()), number(hold.GetInstanceCount()))
	case scope.GetLastError() != "":
		return scope.GetLastError()
	case scope.GetLastCompleteTime() != nil && scope.GetSyncInterval() != nil:
		return "it is due every " + span(scope.GetSyncInterval().AsDuration()) + " and was not read"
	}
	return ""
}

func (g *noteGroup) add(place string, scope *inventoryv1.Scope) {
	g.places = append(g.places, place)
	g.held += scope.GetInstanceCount()
	seen := scope.GetLastCompleteTime()
	switch {
	case seen == nil:
		g.never = true
	case g.seen.IsZero() || seen.AsTime().Before(g.seen):
		g.seen = seen.AsTime()
	}
}

func (g *noteGroup) note(x *index) Note {
	n := Note{
		Account: accountAnchor(g.account), Waiting: g.waiting,
		Title: x.account(g.account) + " · " + listing(g.places, 3), Remedy: x.remedies[g.account],
	}
	if g.waiting {
		n.Text = "was not read yet. What is there is not on the roll so far."
		n.Remedy = ""
		return n
	}
	var b strings.Builder
	blind := x.now.Sub(g.seen)
	switch {
	case g.never:
		b.WriteString("could never be read to the end")
	case blind < 2*time.Second:
		b.WriteString("could not be read just now")
	default:
		fmt.Fprintf(&b, "could not be read for %s", span(blind))
	}
	if g.err != "" {
		fmt.Fprintf(&b, ": %s", strings.TrimSuffix(g.err, "."))
	}
	b.WriteString(".")
	switch {
	case g.held == 1:
		b.WriteString(" Its 1 instance is shown as last seen.")
	case g.held > 1:
		fmt.Fprintf(&b, " Its %s instances are shown as last seen; none was removed.", number(g.held))
	}
	n.Text = b.String()
	return n
}

// parseScope takes `scopes/{account}~{kind}~{location}` apart.
func parseScope(name string) (account, kind, location string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(name, "scopes/"), "~")
	if len(parts) != 3 {
		return "", "", "", false
	}
	return "accounts/" + parts[0], parts[1], parts[2], true
}

// place is a scope within its account, for people.
func place(kind, location string) string {
	if location == "-" {
		return "all of it"
	}
	return location + " · " + strings.ReplaceAll(kind, "-", " ") + "s"
}

// scopeOf is the name of the scope that an instance was seen in.
func scopeOf(i *inventoryv1.Instance) string {
	kind := strings.ReplaceAll(strings.ToLower(i.GetKind().String()), "_", "-")
	return "scopes/" + strings.TrimPrefix(i.GetAccount(), "accounts/") + "~" + kind + "~" + i.GetLocation().GetRegion()
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
