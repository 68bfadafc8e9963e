package up

import (
	"errors"
	"net"
	"strings"
	"syscall"
)

// explainPort returns the error for an address on which Rollcall can't listen.
func explainPort(addr, variable string, err error) error {
	_, port, _ := net.SplitHostPort(addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		holder := "another program"
		if found := holders(port); len(found) > 0 {
			holder = strings.Join(found, " and ")
		}
		return advise(err, "stop it, or choose another address, such as "+variable+"=localhost:0 for any free port",
			"port %s is in use by %s, so Rollcall can't listen on %s", port, holder, addr)
	case errors.Is(err, syscall.EACCES):
		return advise(err, "choose a port above 1023 with "+variable, "this user may not listen on %s", addr)
	default:
		return advise(err, "choose another address with "+variable, "can't listen on %s: %v", addr, err)
	}
}
