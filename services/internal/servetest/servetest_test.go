package servetest_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-dev/rollcall/services/internal/serve"
	"github.com/rollcall-dev/rollcall/services/internal/servetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect returns what the endpoint sends on a new connection before it is closed.
func connect(t *testing.T, at serve.Endpoint) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if netErr, ok := errors.AsType[net.Error](err); ok && netErr.Timeout() {
		t.Fatal("the connection was not closed")
	}
	return string(got)
}

// greet serves one connection.
func greet(t *testing.T, listener net.Listener, text string) {
	t.Helper()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			t.Errorf("Accept: %v", err)
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}()
}

func TestReserve_ServersFollowEachOther(t *testing.T) {
	at := servetest.Reserve(t)
	for _, name := range []string{"first", "second"} {
		if got := connect(t, at); got != "" {
			t.Errorf("without a server: %q", got)
		}
		listener, err := at.Listen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if listener.Addr().String() != at.String() {
			t.Errorf("the server listens at %s, not at %s", listener.Addr(), at)
		}
		greet(t, listener, name)
		if got := connect(t, at); got != name {
			t.Errorf("got %q, want %q", got, name)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept of a closed listener: %v", err)
		}
	}
}

func TestReserve_OneServerAtATime(t *testing.T) {
	at := servetest.Reserve(t)
	listener, err := at.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := at.Listen(t.Context()); err == nil {
		t.Error("two servers listen at one port")
	}
	if err := errors.Join(listener.Close()); err != nil {
		t.Error(err)
	}
	if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the second Close returned %v", err)
	}
}

func TestAddress_CanBeListenedOn(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		address := servetest.Address(t)
		if seen[address] {
			t.Fatalf("%s was returned twice", address)
		}
		seen[address] = true
		listener, err := serve.Address(address).Listen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
