package cli

import (
	"context"
	"fmt"
	"strings"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

type setupGuide struct {
	Name string `arg:"" help:"The account, such as aws-100000000001." complete:"account"`

	Tool      string `help:"Print only the instructions for this tool: aws-cli, cloudformation, terraform or gcloud." enum:",aws-cli,cloudformation,terraform,gcloud" default:"" placeholder:"TOOL"`
	Principal string `help:"Identity of Rollcall in the cloud: the ARN that assumes the role, or the service account that impersonates." placeholder:"ARN|EMAIL"`
	ReadOnly  bool   `help:"Omit the permissions to start and stop instances."`
}

// Help returns the end of the help text.
func (setupGuide) Help() string {
	return `With --tool, only the text for the tool is printed, to save or to run:

  rollcall accounts setup-guide aws-100000000001 --tool cloudformation > rollcall.yaml`
}

// Run prints the setup guide of an account.
func (c *setupGuide) Run(ctx context.Context, s *session) error {
	guide, err := s.accounts().GetSetupGuide(ctx, &accountsv1.GetSetupGuideRequest{
		Name: resource(accountsCollection, c.Name), Principal: c.Principal, ReadOnly: c.ReadOnly,
	})
	if err != nil {
		return err
	}
	if c.Tool != "" {
		return c.printTool(s, guide)
	}
	if s.format != formatTable {
		return printMessage(s.out, s.format, guide)
	}
	if guide.GetExternalId() != "" {
		fmt.Fprintf(s.out, "%s %s\n\n", s.outStyle.bold("External id:"), clean(guide.GetExternalId()))
	}
	fmt.Fprintf(s.out, "%s\n\n%s\n", s.outStyle.bold(c.needs()), cleanLines(strings.TrimSpace(guide.GetPolicy())))
	for _, snippet := range guide.GetSnippets() {
		fmt.Fprintf(s.out, "\n%s %s\n\n%s\n", s.outStyle.bold(clean(snippet.GetTool())+":"), clean(snippet.GetTitle()),
			cleanText(strings.TrimRight(snippet.GetText(), "\n")))
	}
	fmt.Fprintf(s.err, "\nThen check the credentials: %s\n", s.errStyle.bold("rollcall accounts verify "+clean(id(accountsCollection, c.Name))))
	return nil
}

// needs returns the heading of the policy.
func (c *setupGuide) needs() string {
	if c.ReadOnly {
		return "Permissions that Rollcall needs to read instances:"
	}
	return "Permissions that Rollcall needs to read, start and stop instances (--read-only omits starting and stopping):"
}

// printTool prints the text for one tool.
func (c *setupGuide) printTool(s *session, guide *accountsv1.SetupGuide) error {
	var tools []string
	for _, snippet := range guide.GetSnippets() {
		if snippet.GetTool() == c.Tool {
			fmt.Fprintln(s.out, cleanText(strings.TrimRight(snippet.GetText(), "\n")))
			return nil
		}
		tools = append(tools, snippet.GetTool())
	}
	return advise("choose another with --tool: "+strings.Join(tools, ", "), "there are no instructions for %s for this account", c.Tool)
}

// cleanText is cleanLines for a text that may be indented with tabs.
func cleanText(text string) string {
	parts := strings.Split(text, "\t")
	for i := range parts {
		parts[i] = cleanLines(parts[i])
	}
	return strings.Join(parts, "\t")
}
