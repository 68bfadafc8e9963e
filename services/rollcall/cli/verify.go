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

// Help is the end of --help.
func (verifyAccount) Help() string {
	return `Every permission that Rollcall uses is tried for real; nothing is written. What is optional is for starting and stopping;
without it the account is read all the same. The exit code is 1 when the credentials do not do for reading.`
}

// permission is one permission with all places where the same came of it.
type permission struct {
	*discoveryv1.VerifyAccountResponse_Permission
	locations []string
}

// Run tries an account's credentials.
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

// suffices tells whether the credentials open the right account and lack nothing.
func suffices(answer *discoveryv1.VerifyAccountResponse) bool {
	for _, p := range answer.GetPermissions() {
		if p.GetStatus() == discoveryv1.VerifyAccountResponse_Permission_LACK && !p.GetOptional() {
			return false
		}
	}
	return answer.GetReason() == "" && answer.GetAccountMatches()
}

func printVerified(s *session, name string, answer *discoveryv1.VerifyAccountResponse) {
	opens := clean(answer.GetCloudAccountId())
	switch {
	case opens == "":
	case answer.GetAccountMatches():
		opens += " " + s.outStyle.green("(as stated)")
	default:
		opens += " " + s.outStyle.red("(not the one stated)")
	}
	printFields(s.out, s.outStyle, []field{
		{"account", name},
		{"signed in as", clean(answer.GetPrincipal())},
		{"opens", opens},
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

// merge joins the places where the same came of a permission.
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

// locationsShown is how many places of a permission are named.
const locationsShown = 3

var permissionColumns = []column[*permission]{
	{title: "permission", cell: func(_ *session, p *permission) string { return clean(p.GetPermission()) }},
	{title: "status", cell: func(s *session, p *permission) string {
		switch p.GetStatus() {
		case discoveryv1.VerifyAccountResponse_Permission_HAVE:
			return s.outStyle.green("have")
		case discoveryv1.VerifyAccountResponse_Permission_LACK:
			if p.GetOptional() {
				return s.outStyle.yellow("lack (optional)")
			}
			return s.outStyle.red("lack")
		default:
			return s.outStyle.yellow("can't tell")
		}
	}},
	{title: "where", cell: func(_ *session, p *permission) string {
		switch n := len(p.locations); {
		case n == 0:
			return "everywhere"
		case n > locationsShown:
			return fmt.Sprintf("%s and %d more", clean(strings.Join(p.locations[:locationsShown], ", ")), n-locationsShown)
		default:
			return clean(strings.Join(p.locations, ", "))
		}
	}},
	{title: "the cloud says", cell: func(_ *session, p *permission) string { return clean(p.GetError()) }},
}
