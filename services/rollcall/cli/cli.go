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
	exitExpired     = 3   // a watch can't resume from its token
	exitInterrupted = 130 // 128 + SIGINT, the convention of shells
)

// Streams are the standard streams of a process.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// program is the whole command line.
type program struct {
	Up        upCommand        `cmd:"" help:"Start all services on this machine, with their own Postgres."`
	Accounts  accountsCommand  `cmd:"" help:"Manage the cloud accounts that Rollcall reads."`
	Keys      keysCommand      `cmd:"" help:"Manage the keys that encrypt secrets."`
	Instances instancesCommand `cmd:"" help:"List, watch, start and stop virtual machines and databases."`
	Scopes    scopesCommand    `cmd:"" help:"Show which parts of the clouds are read, and how fresh their data is."`
	Sync      syncCommand      `cmd:"" help:"Read accounts now and wait for the result."`
	Runs      runsCommand      `cmd:"" help:"Show past and running syncs."`

	Operations operationsCommand `cmd:"" help:"Show past and running starts and stops."`
	Audit      auditCommand      `cmd:"" help:"Show who requested starts and stops, and their results."`

	Completion completionCommand `cmd:"" help:"Print a shell script that completes the commands of rollcall."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
	Complete   completeCommand   `cmd:"" name:"__complete" hidden:"" passthrough:""`

	Color string `help:"When to use colours: auto (on a terminal, unless NO_COLOR is set), always or never." enum:"auto,always,never" default:"auto"`
}

const description = `Rollcall keeps a complete and current inventory of a company's cloud instances.

Start it on this machine with "rollcall up", or set ROLLCALL_GRPC_ADDR to the address of a running Rollcall.`

// exit is the panic with which kong's --help leaves the parser.
type exit int

// failed is the error of a command that has already printed what went wrong. It sets the exit code.
type failed int

func (f failed) Error() string { return fmt.Sprintf("exit code %d", int(f)) }

// Run runs one command line, given without the name of the program, and returns the exit code. It
// stops early if ctx ends. The release is the version of the program; if empty, the version is its
// commit.
func Run(ctx context.Context, release string, args []string, streams Streams) (code int) {
	defer func() { // --help panics, because kong would continue parsing otherwise
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

// newParser returns the parser of the whole command line.
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

// AfterApply sets the colours before any command runs.
func (p *program) AfterApply(s *session) error {
	s.setColor(p.Color)
	return nil
}

// reportUsage prints an error of the command line and returns the exit code.
func (s *session) reportUsage(err error) int {
	command := "rollcall"
	if parse, ok := errors.AsType[*kong.ParseError](err); ok && parse.Context != nil {
		command = commandPath(parse.Context)
	}
	fmt.Fprintf(s.err, "%s %s\n", s.errStyle.red("Error:"), clean(err.Error()))
	fmt.Fprintf(s.err, "For help, run: %s\n", s.errStyle.bold(command+" --help"))
	return exitUsage
}

// reportRun prints why a command failed and returns the exit code.
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

// commandPath returns the command that was parsed before an error: "rollcall accounts list".
func commandPath(c *kong.Context) string {
	path := "rollcall"
	for _, p := range c.Path {
		if p.Command != nil {
			path += " " + p.Command.Name
		}
	}
	return path
}
