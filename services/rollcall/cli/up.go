package cli

import (
	"context"
	"errors"
	"os"

	"github.com/rollcall-dev/rollcall/services/rollcall/up"
)

type upCommand struct {
	up.Config `embed:""`
}

// Help is the end of --help.
func (upCommand) Help() string {
	return `With credentials of a cloud in the usual environment (AWS_ACCESS_KEY_ID, AWS_PROFILE, an instance role …) their account is
put on the roll. Without any a demo company is shown, from a simulated cloud.

The data stay in the data folder. Ctrl-C stops everything; a second Ctrl-C ends it at once, which loses nothing either.`
}

// Run runs all of Rollcall until the user ends it.
func (c *upCommand) Run(ctx context.Context, s *session) error {
	err := up.Run(ctx, c.Config, up.Screen{
		Out: s.out, Program: os.Args[0], Terminal: isTerminal(s.out) && isTerminal(s.err), LogOut: s.err,
		Bold: s.outStyle.bold, Dim: s.outStyle.dim, Good: s.outStyle.green, Warn: s.outStyle.yellow,
	})
	if err == nil {
		return nil
	}
	if a, ok := errors.AsType[*up.AdvisedError](err); ok {
		return &advised{what: err.Error(), remedy: a.Remedy}
	}
	return err
}
