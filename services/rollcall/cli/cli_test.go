package cli

import (
	"bytes"
	"context"
	"net"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestRun_InvalidCommandLines(t *testing.T) {
	for _, c := range []struct{ line, message, help string }{
		{"frobnicate", "unexpected argument frobnicate", "rollcall --help"},
		{"accounts list --nope", "unknown flag --nope", "rollcall accounts list --help"},
		{"accounts list -o xml", "--output must be one of", "rollcall accounts list --help"},
		{"accounts get", `expected "<name>"`, "rollcall accounts get --help"},
		{"instances list --limit many", "--limit", "rollcall instances list --help"},
		{"instances list --server nonsense", "--server: \"nonsense\" is not an address", "rollcall instances list --help"},
		{"instances list --timeout 0s", "--timeout: 0s is not a valid time limit", "rollcall instances list --help"},
		{"accounts update a --regions eu-west-1 --all-regions", "can't be used together", "rollcall accounts update --help"},
		{"instances stop", "give either instances or --filter", "rollcall instances stop --help"},
		{"instances start i-1 --filter x=1", "give either instances or --filter", "rollcall instances start --help"},
		{"completion tcsh", "must be one of", "rollcall completion --help"},
		{"up --demo sometimes", "--demo must be one of", "rollcall up --help"},
		{"up --http-addr 8080", "is not host:port", "rollcall up --help"},
	} {
		got := rollcall(t, strings.Fields(c.line)...)
		if got.code != exitUsage || !strings.Contains(got.err, c.message) || !strings.Contains(got.err, "For help, run: "+c.help+"\n") || got.out != "" {
			t.Errorf("rollcall %s: exit %d\nstdout: %s\nstderr: %s\nwant exit 2, %q and %q", c.line, got.code, got.out, got.err, c.message, c.help)
		}
	}
}

func TestHelp_EveryCommand(t *testing.T) {
	parser, err := newParser(t.Context(), &program{}, newSession(Streams{}, ""))
	if err != nil {
		t.Fatal(err)
	}
	var visit func(node *kong.Node, path []string)
	visit = func(node *kong.Node, path []string) {
		got := rollcall(t, append(path, "--help")...)
		if got.code != exitDone || !strings.Contains(got.out, "Usage: rollcall") || got.err != "" {
			t.Errorf("rollcall %s --help: exit %d\n%s%s", strings.Join(path, " "), got.code, got.out, got.err)
		}
		for _, f := range node.Flags {
			if f.Help == "" {
				t.Errorf("rollcall %s: --%s has no help", strings.Join(path, " "), f.Name)
			}
		}
		for _, child := range node.Children {
			if child.Hidden {
				continue
			}
			if child.Help == "" {
				t.Errorf("rollcall %s %s has no help", strings.Join(path, " "), child.Name)
			}
			visit(child, append(path[:len(path):len(path)], child.Name))
		}
	}
	visit(parser.Model.Node, nil)
	if got := rollcall(t); got.code != exitDone || !strings.Contains(got.out, "Usage: rollcall") {
		t.Errorf("without a command: exit %d\n%s", got.code, got.out)
	}
}

func TestRun_ConnectionRefused(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := lis.Addr().String()
	lis.Close()
	for _, line := range []string{"accounts", "instances list -o json", "instances count", "scopes", "runs get x", "sync --all"} {
		got := rollcall(t, append(strings.Fields(line), "--server", addr)...)
		if got.code != exitFailed || !strings.Contains(got.err, "can't reach Rollcall at "+addr+": connection refused") ||
			!strings.Contains(got.err, "rollcall up") {
			t.Errorf("rollcall %s: exit %d\n%s", line, got.code, got.err)
		}
	}
}

func TestRun_ServerIsNotGRPC(t *testing.T) {
	server := httptest.NewServer(nil)
	defer server.Close()
	got := rollcall(t, "accounts", "--server", server.Listener.Addr().String())
	if got.code != exitFailed || !strings.Contains(got.err, "does not speak gRPC") || !strings.Contains(got.err, "9090") {
		t.Errorf("exit %d\n%s", got.code, got.err)
	}
}

// unresponsive listens and never sends anything. The channel is closed at the first connection.
func unresponsive(t *testing.T) (addr string, called <-chan struct{}) {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	first, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var conns []net.Conn
		for {
			conn, err := lis.Accept()
			if err != nil {
				break
			}
			if conns = append(conns, conn); len(conns) == 1 {
				close(first)
			}
		}
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = lis.Close(); <-ended })
	return lis.Addr().String(), first
}

func TestRun_Timeout(t *testing.T) {
	addr, _ := unresponsive(t)
	got := rollcall(t, "accounts", "--server", addr, "--timeout", "100ms")
	if got.code != exitFailed || !strings.Contains(got.err, addr+" did not respond in time") || !strings.Contains(got.err, "--timeout") {
		t.Errorf("exit %d\n%s", got.code, got.err)
	}
}

func TestRun_Interrupted(t *testing.T) {
	addr, called := unresponsive(t)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() { <-called; interrupt() }()
	var out, stderr bytes.Buffer
	code := Run(ctx, "", []string{"instances", "--server", addr}, Streams{Out: &out, Err: &stderr})
	if code != exitInterrupted || stderr.String() != "Interrupted.\n" || out.String() != "" {
		t.Errorf("exit %d\n%s%s", code, out.String(), stderr.String())
	}
}

func TestVersion(t *testing.T) {
	if got := rollcall(t, "version"); got.code != exitDone || !strings.HasPrefix(got.out, "rollcall v0-test (go") {
		t.Errorf("exit %d: %s", got.code, got.out)
	}
	if versionOr("") == "" {
		t.Error("the version is empty without a release")
	}
}

func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"acc"}, "accounts"},
		{[]string{"accounts", ""}, "list get create update delete setup-guide verify"},
		{[]string{"accounts", "create", ""}, "aws gcp"},
		{[]string{"instances", "list", "--sh"}, "--show-gone"},
		{[]string{"instances", "list", "-o", ""}, "table json ndjson yaml"},
		{[]string{"instances", "list", "--output", "=", "j"}, "json"},
		{[]string{"completion", ""}, "bash zsh fish"},
		{[]string{"--color", "never", "ver"}, "version"},
		{[]string{"nonsense", ""}, ""},
	} {
		got := rollcall(t, append([]string{"__complete", "--"}, c.words...)...)
		var words []string
		for line := range strings.Lines(got.out) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			words = append(words, word)
		}
		if c.words[0] == "nonsense" {
			continue // any candidates are fine
		}
		if strings.Join(words, " ") != c.want || got.code != exitDone {
			t.Errorf("%q: got %q, want %q", c.words, strings.Join(words, " "), c.want)
		}
	}
}

// TestCompletionScripts runs the scripts in the shells that are installed.
func TestCompletionScripts(t *testing.T) {
	program := filepath.Join(t.TempDir(), "rollcall")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/rollcall").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	for shell, try := range map[string]string{
		"bash": `source <(rollcall completion bash); COMP_WORDS=(rollcall instances l); COMP_CWORD=2; _rollcall; printf '%s\n' "${COMPREPLY[@]}"`,
		"zsh":  `compdef() { :; }; _describe() { print -l $candidates; }; source <(rollcall completion zsh); words=(rollcall instances l); CURRENT=3; _rollcall`,
		"fish": `rollcall completion fish | source; complete -C 'rollcall instances l'`,
	} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("%s is not installed", shell)
			}
			cmd := exec.CommandContext(t.Context(), path, "-c", try)
			cmd.Env = append(cmd.Environ(), "PATH="+filepath.Dir(program)+":/usr/bin:/bin")
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "list") || !strings.Contains(string(out), "lookup") || strings.Contains(string(out), "get") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
