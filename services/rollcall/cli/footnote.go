package cli

import (
	"fmt"
	"strings"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// withFreshness is a response of the inventory with its freshness.
type withFreshness interface {
	GetFreshness() *inventoryv1.Freshness
	GetUnreachable() []string
	GetGaps() []*inventoryv1.ObservationGap
}

// maxScopesShown is the number of unreachable scopes that are named; the rest are counted.
const maxScopesShown = 8

// footnotes prints the freshness of a response and its unreachable scopes. It prints to stderr, so
// that people see it even if the output goes into a pipe.
func (s *session) footnotes(summary string, v withFreshness) {
	if oldest := v.GetFreshness().GetOldestObserveTime(); oldest != nil {
		summary += fmt.Sprintf(", as of %s", s.ago(oldest))
	}
	fmt.Fprintln(s.err, s.errStyle.dim(summary))
	scopes := v.GetUnreachable()
	if len(scopes) == 0 {
		return
	}
	if gaps := v.GetGaps(); len(gaps) > 0 {
		fmt.Fprintln(s.err, s.errStyle.yellow(fmt.Sprintf("%s could not be read at that time; the instances are shown as last seen before:", humanize.Count(len(scopes), "scope"))))
		gapNotes(s.err, s, gaps)
		return
	}
	fmt.Fprintln(s.err, s.errStyle.yellow(fmt.Sprintf("%s could not be read; the instances there are shown as last seen:", humanize.Count(len(scopes), "scope"))))
	for i, scope := range scopes {
		if i == maxScopesShown {
			fmt.Fprintf(s.err, "  and %s more\n", humanize.Number(len(scopes)-i))
			break
		}
		fmt.Fprintf(s.err, "  %s\n", clean(scopeText(scope)))
	}
	fmt.Fprintf(s.err, "For the reasons, run: %s\n", s.errStyle.bold("rollcall scopes --failed"))
}

// scopeText returns the name of a scope for people: "aws-100000000001 virtual machine eu-west-1".
func scopeText(name string) string {
	parts := strings.Split(id(scopesCollection, name), "~")
	if len(parts) != 3 {
		return name
	}
	if parts[2] == "-" {
		return parts[0] + " (all kinds and locations)"
	}
	return parts[0] + " " + strings.ReplaceAll(parts[1], "-", " ") + " " + parts[2]
}
