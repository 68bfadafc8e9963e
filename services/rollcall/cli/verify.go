package cli

import (
	"context"
	"fmt"
	"strings"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

type verifyAccount struct {
	Name string `arg:"" help:"The account, such as aws-100000000001." complete:"account"`
}

// Help returns the end of the help text.
func (verifyAccount) Help() string {
	return `Rollcall tests every permission that it uses with a real call; nothing is changed. Optional permissions are for starting
and stopping; the account can be read without them. The exit code is 1 if the credentials are not sufficient to read
the account.`
}

// permission is one permission with all locations that have the same result.
type permission struct {
	*discoveryv1.VerifyAccountResponse_Permission
	locations []string
}

// Run checks the credentials of an account.
func (c *verifyAccount) Run(ctx context.Context, s *session) error {
	name := resource(accountsCollection, c.Name)
	answer, err := s.discovery().VerifyAccount(ctx, &discoveryv1.VerifyAccountRequest{Name: name})
	if err != nil {
		return err
	}
	if s.format == formatTable {
		printVerified(s, clean(id(accountsCollection, name)), answer)
	} else if err := printMessage(s.out, s.format, answer); err != nil {
		return err
	}
	if !suffices(answer) {
		return failed(exitFailed)
	}
	return nil
}

// suffices reports whether the credentials are for the right account and have all required
// permissions.
func suffices(answer *discoveryv1.VerifyAccountResponse) bool {
	for _, p := range answer.GetPermissions() {
		if p.GetStatus() == discoveryv1.VerifyAccountResponse_Permission_LACK && !p.GetOptional() {
			return false
		}
	}
	return answer.GetReason() == "" && answer.GetAccountMatches()
}

func printVerified(s *session, name string, answer *discoveryv1.VerifyAccountResponse) {
	cloudAccount := clean(answer.GetCloudAccountId())
	switch {
	case cloudAccount == "":
	case answer.GetAccountMatches():
		cloudAccount += " " + s.outStyle.green("(matches)")
	default:
		cloudAccount += " " + s.outStyle.red("(does not match)")
	}
	printFields(s.out, s.outStyle, []field{
		{"account", name},
		{"signed in as", clean(answer.GetPrincipal())},
		{"cloud account", cloudAccount},
		{"problem", strings.TrimSpace(s.outStyle.red(clean(answer.GetReason())) + " " + cleanLines(answer.GetError()))},
		{"what to do", cleanLines(answer.GetRemedy())},
	})
	permissions := merge(answer.GetPermissions())
	if len(permissions) > 0 {
		fmt.Fprintln(s.out)
		printTable(s, permissionColumns, permissions)
	}
	for _, p := range permissions {
		if p.GetRemedy() != "" && p.GetRemedy() != answer.GetRemedy() && !p.GetOptional() {
			fmt.Fprintf(s.out, "\n%s %s: %s\n", s.outStyle.bold("What to do:"), clean(p.GetPermission()), cleanLines(p.GetRemedy()))
		}
	}
}

// merge groups the locations in which a permission has the same result.
func merge(all []*discoveryv1.VerifyAccountResponse_Permission) []*permission {
	type kind struct {
		permission, err, remedy string
		status                  discoveryv1.VerifyAccountResponse_Permission_Status
	}
	seen := map[kind]*permission{}
	var merged []*permission
	for _, p := range all {
		k := kind{p.GetPermission(), p.GetError(), p.GetRemedy(), p.GetStatus()}
		if seen[k] == nil {
			seen[k] = &permission{VerifyAccountResponse_Permission: p}
			merged = append(merged, seen[k])
		}
		if p.GetLocation() != "" {
			seen[k].locations = append(seen[k].locations, p.GetLocation())
		}
	}
	return merged
}

// locationsShown is the number of locations of a permission that are named.
const locationsShown = 3

var permissionColumns = []column[*permission]{
	{title: "permission", cell: func(_ *session, p *permission) string { return clean(p.GetPermission()) }},
	{title: "status", cell: func(s *session, p *permission) string {
		switch p.GetStatus() {
		case discoveryv1.VerifyAccountResponse_Permission_HAVE:
			return s.outStyle.green("granted")
		case discoveryv1.VerifyAccountResponse_Permission_LACK:
			if p.GetOptional() {
				return s.outStyle.yellow("missing (optional)")
			}
			return s.outStyle.red("missing")
		default:
			return s.outStyle.yellow("unknown")
		}
	}},
	{title: "location", cell: func(_ *session, p *permission) string {
		switch n := len(p.locations); {
		case n == 0:
			return "all"
		case n > locationsShown:
			return fmt.Sprintf("%s and %d more", clean(strings.Join(p.locations[:locationsShown], ", ")), n-locationsShown)
		default:
			return clean(strings.Join(p.locations, ", "))
		}
	}},
	{title: "error", cell: func(_ *session, p *permission) string { return clean(p.GetError()) }},
}
