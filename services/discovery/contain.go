package discovery

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// contain makes an error of a panic; it is to be deferred. What one cloud sends must
// not end the process that reads all the others, whatever we did not think of.
func contain(logger *slog.Logger, err *error) {
	if p := recover(); p != nil {
		logger.Error("a defect of Rollcall's met what a cloud sent", "panic", p, "stack", string(debug.Stack()))
		*err = ourFailure("make sense of what the cloud sent", fmt.Errorf("panic: %v", p))
	}
}
