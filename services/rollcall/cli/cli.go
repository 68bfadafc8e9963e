package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Exit codes of the program.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitExpired     = 3   // a watch can't go on from its token
	exitInterrupted = 130 // 128 + SIGINT, as shells have it
)

// Streams are the three files of a process.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// program is the whole command line.
type program struct {
	Up        upCommand        `cmd:"" help:"Start Rollcall on this machine: all services and a Postgres of its own."`
	Accounts  accountsCommand  `cmd:"" help:"The cloud accounts on the roll."`
	Keys      keysCommand      `cmd:"" help:"The keys that secrets are encrypted with."`
	Instances instancesCommand `cmd:"" help:"Virtual machines and databases, as last observed."`
	Scopes    scopesCommand    `cmd:"" help:"What is looked at, and how fresh that is."`
	Sync      syncCommand      `cmd:"" help:"Read accounts now, and wait for what comes of it."`
	Runs      runsCommand      `cmd:"" help:"Past and present sync runs."`

	Operations operationsCommand `cmd:"" help:"Past and present starts and stops."`
	Audit      auditCommand      `cmd:"" help:"Who asked for what to be started and stopped, and what came of it."`

	Completion completionCommand `cmd:"" help:"Print a script that completes rollcall's commands in a shell."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
	Complete   completeCommand   `cmd:"" name:"__complete" hidden:"" passthrough:""`

	Color string `help:"Colours: auto (on a terminal, unless NO_COLOR is set), always or never." enum:"auto,always,never" default:"auto"`
}

const description = `Rollcall keeps a true roll of a company's cloud instances.

Begin with "rollcall up" here, or point ROLLCALL_GRPC_ADDR at a Rollcall that runs elsewhere.`

// exit is how kong's own --help leaves the parser.
type exit int

// failed makes the program end with an exit code, when all that is to be said has been said.
type failed int

func (f failed) Error() string { return fmt.Sprintf("exit code %d", int(f)) }

// Run runs one command line, without the program's name, and returns the exit code. It ends early when ctx does. The
// release is the version to tell; empty: the commit.
func Run(ctx context.Context, release string, args []string, streams Streams) (code int) {
	defer func() { // --help ends by a panic, for kong would go on parsing otherwise
		switch left := recover().(type) {
		case nil:
		case exit:
			code = int(left)
		default:
			panic(left)
		}
	}()
	root := &program{}
	s := newSession(streams, versionOr(release))
	defer s.close()
	parser, err := newParser(ctx, root, s)
	if err != nil {
		return s.report(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return s.reportUsage(err)
	}
	if err := parsed.Run(); err != nil {
		return s.reportRun(ctx, err)
	}
	return exitDone
}

// newParser makes kong's parser of the whole command line.
func newParser(ctx context.Context, root *program, s *session) (*kong.Kong, error) {
	return kong.New(root,
		kong.Name("rollcall"),
		kong.Description(description),
		kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 110}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
}

// AfterApply settles the colours before any command runs.
func (p *program) AfterApply(s *session) error {
	s.setColor(p.Color)
	return nil
}

// reportUsage says what is wrong with the command line.
func (s *session) reportUsage(err error) int {
	command := "rollcall"
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context != nil {
		command = commandPath(parse.Context)
	}
	fmt.Fprintf(s.err, "%s %s\n", s.errStyle.red("Error:"), clean(err.Error()))
	fmt.Fprintf(s.err, "See %s\n", s.errStyle.bold(command+" --help"))
	return exitUsage
}

// reportRun says why a command failed.
func (s *session) reportRun(ctx context.Context, err error) int {
	if code, ok := errors.AsType[failed](err); ok {
		return int(code)
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled) {
		fmt.Fprintln(s.err, "Interrupted.")
		return exitInterrupted
	}
	return s.report(err)
}

// commandPath is the command that was being parsed, as far as it was understood: "rollcall accounts list".
func commandPath(c *kong.Context) string {
	path := "rollcall"
	for _, p := range c.Path {
		if p.Command != nil {
			path += " " + p.Command.Name
		}
	}
	return path
}
