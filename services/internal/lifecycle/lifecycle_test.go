package lifecycle_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-dev/rollcall/services/internal/lifecycle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// journal records in which order things happen.
type journal []string

func (j *journal) add(what string) func() { return func() { *j = append(*j, what) } }

func (j *journal) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(*j, want) {
		t.Errorf("got %v, want %v", *j, want)
	}
}

// loopback is an endpoint at a free port.
type loopback struct{}

func (loopback) Listen(ctx context.Context) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
}

// broken is an endpoint that can't be listened on.
type broken struct{}

func (broken) Listen(context.Context) (net.Listener, error) { return nil, errBroken }

func untilStopped(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func TestBuild_ClosesInReverseWhenItFails(t *testing.T) {
	a, j := lifecycle.New(), journal{}
	err := a.Build(func() error {
		a.Defer(j.add("first"))
		a.DeferError("second", func() error { j.add("second")(); return errBroken })
		_, err := a.Listen(t.Context(), broken{})
		return err
	})
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "close second") {
		t.Errorf("got %v", err)
	}
	j.want(t, "second", "first")
}

func TestBuild_ClosesNothingWhenItSucceeds(t *testing.T) {
	a, j := lifecycle.New(), journal{}
	if err := a.Build(func() error { a.Defer(j.add("closed")); return nil }); err != nil {
		t.Fatal(err)
	}
	j.want(t)
	if err := errors.Join(a.Close(), a.Close()); err != nil {
		t.Error(err)
	}
	j.want(t, "closed")
}

func TestListen_CloseToleratesAClosedListener(t *testing.T) {
	a := lifecycle.New()
	served, err := a.Listen(t.Context(), loopback{})
	if err != nil {
		t.Fatal(err)
	}
	open, err := a.Listen(t.Context(), loopback{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(served.Close(), a.Close()); err != nil {
		t.Error(err)
	}
	if err := open.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a listener is left open: %v", err)
	}
}

func TestRun_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, j := lifecycle.New(), journal{}
		ctx, cancel := context.WithCancel(t.Context())
		draining := make(chan struct{})
		a.Defer(j.add("closed"))
		a.OnStop(func() { close(draining) })
		a.OnStop(j.add("stopped"))
		a.Go("idle", func(context.Context) error { return nil })
		a.Go("server", func(ctx context.Context) error {
			<-ctx.Done()
			<-draining // a server waits for its streams
			j.add("drained")()
			return nil
		})
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		synctest.Wait()
		j.want(t) // a task that has nothing to do does not end the application
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		j.want(t, "stopped", "drained", "closed")
	})
}

func TestRun_EndsWithATaskThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, j := lifecycle.New(), journal{}
		a.Defer(j.add("closed"))
		a.Go("worker", func(context.Context) error { return errBroken })
		a.Go("server", untilStopped)
		if err := a.Run(t.Context()); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "worker") {
			t.Errorf("got %v", err)
		}
		j.want(t, "closed")
	})
}

func TestStart_RunsUntilCloseAndStopsInReverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, j := lifecycle.New(), journal{}
		ctx, cancel := context.WithCancel(t.Context())
		for _, name := range []string{"database", "gateway"} {
			a.Start(ctx, name, func(ctx context.Context) error {
				<-ctx.Done()
				j.add(name)()
				return ctx.Err()
			})
		}
		cancel()
		synctest.Wait()
		j.want(t) // they outlive the context that they were started with
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		j.want(t, "gateway", "database")
	})
}

func TestStart_AServiceThatEndsByItselfEndsRun(t *testing.T) {
	for name, cause := range map[string]error{"with an error": errBroken, "without an error": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := lifecycle.New()
				a.Start(t.Context(), "discovery", func(context.Context) error { return cause })
				err := a.Run(t.Context())
				if err == nil || !strings.Contains(err.Error(), "discovery ended") || cause != nil && !errors.Is(err, cause) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestServeHTTP_LetsRequestsEnd(t *testing.T) {
	listener, err := loopback{}.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel() // the server stops while the request runs
		_, _ = io.WriteString(w, "whole")
	})}
	ended := make(chan error, 1)
	go func() { ended <- lifecycle.ServeHTTP(ctx, server, listener, 30*time.Second) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close(), <-ended); err != nil || string(body) != "whole" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestServeHTTP_CutsOffAfterTheDrainTime(t *testing.T) {
	listener, err := loopback{}.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done() // a request that never ends by itself
	})}
	ended := make(chan error, 1)
	go func() { ended <- lifecycle.ServeHTTP(ctx, server, listener, time.Millisecond) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if response, err := client.Get("http://" + listener.Addr().String()); err == nil {
		_ = response.Body.Close()
		t.Error("the request was answered")
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestServeHTTP_ReturnsTheErrorOfAListener(t *testing.T) {
	listener, err := loopback{}.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := lifecycle.ServeHTTP(t.Context(), &http.Server{}, listener, time.Second); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
