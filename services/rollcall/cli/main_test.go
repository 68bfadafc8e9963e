package cli

import (
	"bytes"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// result is the result of a command line.
type result struct {
	code     int
	out, err string
}

// rollcall runs a command line like a process without a terminal.
func rollcall(t *testing.T, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := Run(t.Context(), "v0-test", args, Streams{In: new(bytes.Buffer), Out: &out, Err: &err})
	return result{code, out.String(), err.String()}
}

// newTestSession returns a session with buffers as streams and a fixed clock.
func newTestSession(f format) (s *session, out, err *bytes.Buffer) {
	out, err = new(bytes.Buffer), new(bytes.Buffer)
	s = newSession(Streams{Out: out, Err: err}, "v0-test")
	s.now = func() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }
	s.format = f
	return s, out, err
}
