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
)

// The scripts ask this program what may follow (rollcall __complete), so that they know every command and flag of the
// version that is installed, and the names of accounts.
//
//go:embed completion
var completionScripts embed.FS

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is the end of --help.
func (completionCommand) Help() string {
	return `Put it to work:
  bash   source <(rollcall completion bash)                     in ~/.bashrc
  zsh    source <(rollcall completion zsh)                      in ~/.zshrc, after compinit
  fish   rollcall completion fish > ~/.config/fish/completions/rollcall.fish`
}

// Run prints a shell's script.
func (c *completionCommand) Run(s *session) error {
	script, err := completionScripts.ReadFile("completion/rollcall." + c.Shell)
	if err != nil {
		return err
	}
	_, err = s.out.Write(script)
	return err
}

// completeCommand answers the scripts: its arguments are the words after "rollcall" up to the cursor, the last of them
// the one to complete.
type completeCommand struct {
	Words []string `arg:"" optional:""`
}

// Run prints what may stand at the cursor, one a line, with what it is behind a tab.
func (c *completeCommand) Run(ctx context.Context, k *kong.Kong, s *session) error {
	words := slices.DeleteFunc(slices.Clone(c.Words), func(w string) bool { return w == "=" }) // bash splits at it
	words = words[min(1, len(words)):]                                                         // the "--" of the scripts
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	at := walk(k.Model.Node, words[:len(words)-1])
	for _, candidate := range at.candidates(ctx, last) {
		if strings.HasPrefix(candidate.word, last) {
			fmt.Fprintf(s.out, "%s\t%s\n", candidate.word, candidate.help)
		}
	}
	return nil
}

type candidate struct{ word, help string }

// place is a place on a command line.
type place struct {
	node *kong.Node
	// flag waits for its value.
	flag *kong.Flag
	// args is how many positional arguments went before.
	args int
}

// walk follows words from the top of the command line.
func walk(node *kong.Node, words []string) place {
	at := place{node: node}
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

// findFlag is the flag of the form --name or -n, of this command or of one above it.
func (p place) findFlag(word string) *kong.Flag {
	for _, group := range p.node.AllFlags(false) {
		for _, f := range group {
			if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

// candidates are all words that may stand at this place.
func (p place) candidates(ctx context.Context, last string) []candidate {
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

// valuesOf are the values that a flag or an argument can have, when they are known.
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

// completionSession talks to the server from within a shell's completion.
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

// scopeCandidates asks the server for the scopes that wait to be confirmed.
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
		all = append(all, candidate{id(scopesCollection, scope.GetName()), plural(scope.GetInstanceCount(), "instance")})
	}
	return all
}

// operationCandidates asks the server for the latest starts and stops.
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
			fmt.Sprintf("%s of %s", word(m.GetVerb().String()), plural(m.GetProgress().GetTotal(), "instance"))})
	}
	return all
}

// accountCandidates asks the server for its accounts; one that does not answer at once has none.
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
