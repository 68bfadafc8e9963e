package cli

import (
	"context"
	"fmt"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	"github.com/rollcall-dev/rollcall/services/internal/humanize"
)

type keysCommand struct {
	remote `embed:""`

	Rotate rotateKeys `cmd:"" help:"Create a new key and re-encrypt every secret with it, while Rollcall keeps running."`
}

type rotateKeys struct{}

// Run rotates the keys.
func (*rotateKeys) Run(ctx context.Context, s *session) error {
	answer, err := s.keys().RotateKeys(ctx, &accountsv1.RotateKeysRequest{})
	if err != nil {
		return err
	}
	if s.format != formatTable {
		return printMessage(s.out, s.format, answer)
	}
	fmt.Fprintf(s.out, "Rotated the key: %s re-encrypted.\n", humanize.Count(answer.GetRotated(), "secret"))
	return nil
}
