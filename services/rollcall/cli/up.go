package cli

import "context"

type upCommand struct{}

func (c *upCommand) Run(ctx context.Context, s *session) error { return nil }
