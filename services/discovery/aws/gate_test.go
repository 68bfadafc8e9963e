package aws

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stalling is a body of which nothing comes until more is closed.
type stalling struct{ more chan struct{} }

func (s *stalling) Read([]byte) (int, error) {
	<-s.more
	return 0, io.EOF
}

func (*stalling) Close() error { return nil }

// Only so many bodies are read at the same time; the next one waits for a place.
func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		first := g.guard(t.Context(), io.NopCloser(strings.NewReader("first")))
		second := g.guard(t.Context(), io.NopCloser(strings.NewReader("second")))
		buffer := make([]byte, 2)
		if _, err := first.Read(buffer); err != nil {
			t.Fatal(err)
		}
		got := make(chan string)
		go func() {
			text, _ := io.ReadAll(second)
			got <- string(text)
		}()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("the second was read while the first had the only place")
		default:
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if text := <-got; text != "second" {
			t.Errorf("read %q", text)
		}
	})
}

// A body that stalls keeps nobody out, and goes on when more comes.
func TestGateStall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		more := make(chan struct{})
		stalled := g.guard(t.Context(), &stalling{more})
		ended := make(chan error)
		go func() {
			_, err := io.ReadAll(stalled)
			ended <- err
		}()
		began := time.Now()
		text, err := io.ReadAll(g.guard(t.Context(), io.NopCloser(strings.NewReader("other"))))
		if err != nil || string(text) != "other" || time.Since(began) > 2*patience {
			t.Errorf("read %q (%v) after %s", text, err, time.Since(began))
		}
		close(more)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		// Every place was given back, once.
		if !g.places.TryAcquire(1) || g.places.TryAcquire(1) {
			t.Error("places were lost or won")
		}
	})
}

// Who waits for a place leaves when told to.
func TestGateCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		if _, err := g.guard(t.Context(), io.NopCloser(strings.NewReader("first"))).Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := g.guard(ctx, io.NopCloser(strings.NewReader("second"))).Read(make([]byte, 1))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestBounded(t *testing.T) {
	t.Parallel()
	body := &bounded{body: io.NopCloser(strings.NewReader("0123456789")), left: 4}
	text, err := io.ReadAll(body)
	if string(text) != "0123" || !errors.Is(err, errTooLong) {
		t.Errorf("read %q (%v)", text, err)
	}
}
