package dbtest

import (
	"context"
	"testing"
	"time"
)

// contextLimit bounds a test that waits for something, so that a defect is a failure
// and not a hang.
const contextLimit = time.Minute

// Context returns the context of the test with a deadline of one minute. Tests of
// streams use it.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), contextLimit)
	t.Cleanup(cancel)
	return ctx
}
