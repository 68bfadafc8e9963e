package cli

import (
	"context"
	"os"

	"github.com/rollcall-dev/rollcall/services/rollcall/up"
)

type upCommand struct {
	up.Config `embed:""`
}

// Help returns the end of the help text.
func (upCommand) Help() string {
	return `If the environment has credentials of a cloud (AWS_ACCESS_KEY_ID, AWS_PROFILE, an instance role …), Rollcall adds their
account. Without credentials it shows a demo company from a simulated cloud.

The data stays in the data folder. Ctrl-C stops everything; a second Ctrl-C stops it immediately, without loss of data.`
}

// Run runs all of Rollcall until the user stops it.
func (c *upCommand) Run(ctx context.Context, s *session) error {
	return up.Run(ctx, c.Config, up.Screen{
		Out: s.out, Program: os.Args[0], Terminal: isTerminal(s.out) && isTerminal(s.err), LogOut: s.err,
		Bold: s.outStyle.bold, Dim: s.outStyle.dim, Good: s.outStyle.green, Warn: s.outStyle.yellow,
	})
}
