package cli

import (
	"context"
	"fmt"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
)

type keysCommand struct {
	remote `embed:""`

	Rotate rotateKeys `cmd:"" help:"Make a new key and encrypt every secret anew with it, while Rollcall goes on."`
}

type rotateKeys struct{}

// Run makes a new key.
func (*rotateKeys) Run(ctx context.Context, s *session) error {
	answer, err := s.keys().RotateKeys(ctx, &accountsv1.RotateKeysRequest{})
	if err != nil {
		return err
	}
	if s.format != formatTable {
		return printMessage(s.out, s.format, answer)
	}
	fmt.Fprintf(s.out, "Rotated: %s encrypted with the new key.\n", plural(answer.GetRotated(), "secret"))
	return nil
}
