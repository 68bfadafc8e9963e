package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// Note explains which scopes could not be read, since when and why. Notes distinguish "there are
// no instances" from "the instances could not be read".
type Note struct {
	// Account is the anchor of the account's row.
	Account string
	// Title names the account and the scopes: `payments-prod · eu-south-1 · virtual machines`.
	Title string
	// Text completes the sentence: `could not be read for 12 min: AccessDenied …`.
	Text string
	// Remedy states what to do about it, if known.
	Remedy string
	// Waiting is set if nothing failed: the scopes have not been read yet.
	Waiting bool
}

// notesShown is the number of notes that are not folded.
const notesShown = 3

// noteGroup collects the scopes of one account that are unreachable for one reason.
type noteGroup struct {
	account   string
	err       string
	waiting   bool
	scopes    []string
	instances int64
	// observed is the oldest complete observation; never is set if a scope has none.
	observed time.Time
	never    bool
}

// notes groups the unreachable scopes by account and reason.
func notes(unreachable []string, x *index) (shown, more []Note) {
	groups := map[string]*noteGroup{}
	var order []string
	for _, name := range unreachable {
		account, kind, location, ok := parseScope(name)
		if !ok {
			continue
		}
		scope := x.failing[name]
		why := unreachableReason(scope)
		key := account + "\x00" + why
		g := groups[key]
		if g == nil {
			g = &noteGroup{account: account, err: why, waiting: why == "" && scope.GetLastCompleteTime() == nil}
			groups[key] = g
			order = append(order, key)
		}
		g.add(scopeLabel(kind, location), scope)
	}
	slices.SortStableFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(boolInt(groups[a].waiting), boolInt(groups[b].waiting)), cmp.Compare(groups[b].instances, groups[a].instances))
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

// unreachableReason returns the reason why a scope is unreachable, or "" if it is unknown or the
// scope has not been read yet.
func unreachableReason(scope *inventoryv1.Scope) string {
	switch hold := scope.GetHold(); {
	case hold != nil:
		return fmt.Sprintf("%s of %s instances disappeared at once; they stay listed until further observations or a person confirm that they are gone",
			humanize.Number(hold.GetMissingCount()), humanize.Number(hold.GetInstanceCount()))
	case scope.GetLastError() != "":
		return scope.GetLastError()
	case scope.GetLastCompleteTime() != nil && scope.GetSyncInterval() != nil:
		return "it should be read every " + humanize.Duration(scope.GetSyncInterval().AsDuration()) + " but was not"
	}
	return ""
}

func (g *noteGroup) add(place string, scope *inventoryv1.Scope) {
	g.scopes = append(g.scopes, place)
	g.instances += scope.GetInstanceCount()
	seen := scope.GetLastCompleteTime()
	switch {
	case seen == nil:
		g.never = true
	case g.observed.IsZero() || seen.AsTime().Before(g.observed):
		g.observed = seen.AsTime()
	}
}

func (g *noteGroup) note(x *index) Note {
	n := Note{
		Account: accountAnchor(g.account), Waiting: g.waiting,
		Title: x.account(g.account) + " · " + humanize.List(g.scopes, 3), Remedy: x.remedies[g.account],
	}
	if g.waiting {
		n.Text = "has not been read yet. Its instances are not in the inventory."
		n.Remedy = ""
		return n
	}
	var b strings.Builder
	age := x.now.Sub(g.observed)
	switch {
	case g.never:
		b.WriteString("could never be read completely")
	case age < 2*time.Second:
		b.WriteString("could not be read just now")
	default:
		fmt.Fprintf(&b, "could not be read for %s", humanize.Duration(age))
	}
	if g.err != "" {
		fmt.Fprintf(&b, ": %s", strings.TrimSuffix(g.err, "."))
	}
	b.WriteString(".")
	switch {
	case g.instances == 1:
		b.WriteString(" Its 1 instance is shown as last seen.")
	case g.instances > 1:
		fmt.Fprintf(&b, " Its %s instances are shown as last seen; none was removed.", humanize.Number(g.instances))
	}
	n.Text = b.String()
	return n
}

// parseScope splits the name `scopes/{account}~{kind}~{location}`.
func parseScope(name string) (account, kind, location string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(name, "scopes/"), "~")
	if len(parts) != 3 {
		return "", "", "", false
	}
	return "accounts/" + parts[0], parts[1], parts[2], true
}

// scopeLabel returns the name of a scope within its account for people.
func scopeLabel(kind, location string) string {
	if location == "-" {
		return "all kinds and locations"
	}
	return location + " · " + strings.ReplaceAll(kind, "-", " ") + "s"
}

// scopeOf returns the name of the scope of an instance.
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
