package cli

import (
	"context"
	"embed"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

// The scripts call this program (rollcall __complete) for the candidates, so that they know every
// command and flag of the installed version, and the names of accounts.
//
//go:embed completion
var completionScripts embed.FS

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Help returns the end of the help text.
func (completionCommand) Help() string {
	return `To enable completion:
  bash   source <(rollcall completion bash)                     in ~/.bashrc
  zsh    source <(rollcall completion zsh)                      in ~/.zshrc, after compinit
  fish   rollcall completion fish > ~/.config/fish/completions/rollcall.fish`
}

// Run prints the script of a shell.
func (c *completionCommand) Run(s *session) error {
	script, err := completionScripts.ReadFile("completion/rollcall." + c.Shell)
	if err != nil {
		return err
	}
	_, err = s.out.Write(script)
	return err
}

// completeCommand serves the scripts. Its arguments are the words after "rollcall" up to the
// cursor, the last of which is to be completed.
type completeCommand struct {
	Words []string `arg:"" optional:""`
}

// Run prints the candidates, one a line, each followed by a tab and its description.
func (c *completeCommand) Run(ctx context.Context, k *kong.Kong, s *session) error {
	words := slices.DeleteFunc(slices.Clone(c.Words), func(w string) bool { return w == "=" }) // bash splits words at "="
	words = words[min(1, len(words)):]                                                         // skip the "--" of the scripts
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	cursor := walk(k.Model.Node, words[:len(words)-1])
	for _, candidate := range cursor.candidates(ctx, last) {
		if strings.HasPrefix(candidate.word, last) {
			fmt.Fprintf(s.out, "%s\t%s\n", candidate.word, candidate.help)
		}
	}
	return nil
}

type candidate struct{ word, help string }

// position is a position on a command line.
type position struct {
	node *kong.Node
	// flag is the flag whose value comes next, if any.
	flag *kong.Flag
	// args is the number of positional arguments before.
	args int
}

// walk returns the position after words.
func walk(node *kong.Node, words []string) position {
	at := position{node: node}
	for _, w := range words {
		switch {
		case at.flag != nil:
			at.flag = nil
		case strings.HasPrefix(w, "-"):
			if f := at.findFlag(w); f != nil && !f.IsBool() && !f.IsCounter() {
				at.flag = f
			}
		default:
			if child := findChild(at.node, w); child != nil {
				at.node, at.args = child, 0
			} else {
				at.args++
			}
		}
	}
	return at
}

func findChild(node *kong.Node, word string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == word || slices.Contains(child.Aliases, word) {
			return child
		}
	}
	return nil
}

// findFlag returns the flag for --name or -n of this command or of its parents.
func (p position) findFlag(word string) *kong.Flag {
	for _, group := range p.node.AllFlags(false) {
		for _, f := range group {
			if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

// candidates returns the words that may follow at this position.
func (p position) candidates(ctx context.Context, last string) []candidate {
	if p.flag != nil {
		return valuesOf(ctx, p.flag.Value)
	}
	var all []candidate
	if strings.HasPrefix(last, "-") {
		for _, group := range p.node.AllFlags(true) {
			for _, f := range group {
				all = append(all, candidate{"--" + f.Name, f.Help})
			}
		}
		return all
	}
	for _, child := range p.node.Children {
		if !child.Hidden {
			all = append(all, candidate{child.Name, child.Help})
		}
	}
	if positional := p.node.Positional; len(positional) > 0 {
		current := positional[min(p.args, len(positional)-1)]
		if p.args < len(positional) || current.IsCumulative() {
			all = append(all, valuesOf(ctx, current)...)
		}
	}
	return all
}

// valuesOf returns the possible values of a flag or an argument, if they are known.
func valuesOf(ctx context.Context, v *kong.Value) []candidate {
	var all []candidate
	for _, word := range v.EnumSlice() {
		all = append(all, candidate{word: word})
	}
	switch v.Tag.Get("complete") {
	case "account":
		all = append(all, accountCandidates(ctx)...)
	case "operation":
		all = append(all, operationCandidates(ctx)...)
	case "scope":
		all = append(all, scopeCandidates(ctx)...)
	}
	return all
}

// completionSession connects to the server for a completion. It returns nil if the address is
// invalid.
func completionSession() *session {
	s := newSession(Streams{}, "completion")
	addr := os.Getenv("ROLLCALL_GRPC_ADDR")
	if addr == "" {
		addr = "localhost:9090"
	}
	if err := (&remote{Server: addr, Timeout: time.Second}).AfterApply(s); err != nil {
		return nil
	}
	return s
}

// scopeCandidates returns the scopes that can be confirmed.
func scopeCandidates(ctx context.Context) []candidate {
	s := completionSession()
	if s == nil {
		return nil
	}
	defer s.close()
	answer, err := s.inventory().ListScopes(ctx, &inventoryv1.ListScopesRequest{
		Filter: `hold.hold_time:* OR last_error_reason = RETIRED`, PageSize: largestPage,
	})
	if err != nil {
		return nil
	}
	var all []candidate
	for _, scope := range answer.GetScopes() {
		all = append(all, candidate{id(scopesCollection, scope.GetName()), humanize.Count(scope.GetInstanceCount(), "instance")})
	}
	return all
}

// operationCandidates returns the latest operations.
func operationCandidates(ctx context.Context) []candidate {
	s := completionSession()
	if s == nil {
		return nil
	}
	defer s.close()
	answer, err := s.operations().ListOperations(ctx, &discoveryv1.ListOperationsRequest{})
	if err != nil {
		return nil
	}
	var all []candidate
	for _, o := range answer.GetOperations() {
		m := operationMetadata(o)
		all = append(all, candidate{id(operationsCollection, o.GetName()),
			fmt.Sprintf("%s of %s", enumText(m.GetVerb().String()), humanize.Count(m.GetProgress().GetTotal(), "instance"))})
	}
	return all
}

// accountCandidates returns the accounts, or nothing if the server does not respond quickly.
func accountCandidates(ctx context.Context) []candidate {
	s := completionSession()
	if s == nil {
		return nil
	}
	defer s.close()
	answer, err := s.accounts().ListAccounts(ctx, &accountsv1.ListAccountsRequest{PageSize: largestPage})
	if err != nil {
		return nil
	}
	var all []candidate
	for _, a := range answer.GetAccounts() {
		all = append(all, candidate{id(accountsCollection, a.GetName()), clean(a.GetDisplayName())})
	}
	return all
}
