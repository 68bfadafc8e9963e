package up

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/rollcall-dev/rollcall/services/internal/serve"
)

// checkPorts fails early, before Postgres is started, when an address can't be listened on, and says who is in the way.
func checkPorts(ctx context.Context, cfg Config) error {
	for _, e := range []struct {
		endpoint serve.Endpoint
		variable string
	}{
		{cfg.HTTP, "ROLLCALL_HTTP_ADDR"}, {cfg.GRPC, "ROLLCALL_GRPC_ADDR"},
	} {
		lis, err := e.endpoint.Listen(ctx)
		if err != nil {
			return explainPort(e.endpoint.String(), e.variable, err)
		}
		if err := lis.Close(); err != nil {
			return fmt.Errorf("closing %s again: %w", e.endpoint, err)
		}
	}
	return nil
}

// explainPort says what is wrong with an address and what to change.
func explainPort(addr, variable string, err error) error {
	_, port, _ := net.SplitHostPort(addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		holder := "another program"
		if found := holders(port); len(found) > 0 {
			holder = strings.Join(found, " and ")
		}
		return advise("stop it, or choose another address, such as "+variable+"=localhost:0 for any free port",
			"port %s is in use by %s, so Rollcall can't listen on %s", port, holder, addr)
	case errors.Is(err, syscall.EACCES):
		return advise("choose a port above 1023 with "+variable, "this user may not listen on %s", addr)
	default:
		return advise("choose another address with "+variable, "Rollcall can't listen on %s: %w", addr, err)
	}
}
