package cli

import (
	"fmt"
	"strings"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// vouched is an answer of the roll that says how fresh it is.
type vouched interface {
	GetFreshness() *inventoryv1.Freshness
	GetUnreachable() []string
	GetGaps() []*inventoryv1.ObservationGap
}

// maxScopesShown is how many unreachable scopes are named before the rest is only counted.
const maxScopesShown = 8

// footnotes says below an answer how fresh it is and what it could not vouch for. It goes to stderr: it is there for
// people also when the answer goes into a pipe.
func (s *session) footnotes(summary string, v vouched) {
	if oldest := v.GetFreshness().GetOldestObserveTime(); oldest != nil {
		summary += fmt.Sprintf(", as of %s", s.ago(oldest))
	}
	fmt.Fprintln(s.err, s.errStyle.dim(summary))
	scopes := v.GetUnreachable()
	if len(scopes) == 0 {
		return
	}
	if gaps := v.GetGaps(); len(gaps) > 0 {
		fmt.Fprintln(s.err, s.errStyle.yellow(fmt.Sprintf("Nobody could look at %s then; what was known of it is shown:", plural(len(scopes), "scope"))))
		gapNotes(s.err, s, gaps)
		return
	}
	fmt.Fprintln(s.err, s.errStyle.yellow(fmt.Sprintf("Could not look at %s; what is known of it is shown as last seen:", plural(len(scopes), "scope"))))
	for i, scope := range scopes {
		if i == maxScopesShown {
			fmt.Fprintf(s.err, "  and %s more\n", number(len(scopes)-i))
			break
		}
		fmt.Fprintf(s.err, "  %s\n", clean(scopeWords(scope)))
	}
	fmt.Fprintf(s.err, "See why: %s\n", s.errStyle.bold("rollcall scopes --failed"))
}

// scopeWords is a scope's resource name in words: "aws-100000000001 virtual machine eu-west-1".
func scopeWords(name string) string {
	parts := strings.Split(id(scopesCollection, name), "~")
	if len(parts) != 3 {
		return name
	}
	if parts[2] == "-" {
		return parts[0] + " (all of it)"
	}
	return parts[0] + " " + strings.ReplaceAll(parts[1], "-", " ") + " " + parts[2]
}
