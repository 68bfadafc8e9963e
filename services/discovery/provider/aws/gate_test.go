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

// stalling is a body without data until more is closed.
type stalling struct{ more chan struct{} }

func (s *stalling) Read([]byte) (int, error) {
	<-s.more
	return 0, io.EOF
}

func (*stalling) Close() error { return nil }

func textBody(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

func TestGate_NextWaitsForAPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		firstCtx, firstPlace := g.place(t.Context())
		if _, err := io.ReadAll(guarded(firstCtx, textBody("first"))); err != nil {
			t.Fatal(err)
		}
		got := make(chan string)
		go func() {
			ctx, place := g.place(t.Context())
			defer place.leave()
			text, _ := io.ReadAll(guarded(ctx, textBody("second")))
			got <- string(text)
		}()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("the second was read while the first had the only place")
		default:
		}
		firstPlace.leave()
		if text := <-got; text != "second" {
			t.Errorf("read %q", text)
		}
	})
}

func TestGate_StalledBodyLosesItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		more := make(chan struct{})
		ended := make(chan error)
		go func() {
			ctx, place := g.place(t.Context())
			defer place.leave()
			_, err := io.ReadAll(guarded(ctx, &stalling{more}))
			ended <- err
		}()
		synctest.Wait()
		limited, cancel := context.WithTimeout(t.Context(), 2*patience) // By the clock of the bubble.
		defer cancel()
		ctx, place := g.place(limited)
		text, err := io.ReadAll(guarded(ctx, textBody("other")))
		if err != nil || string(text) != "other" {
			t.Errorf("read %q (%v)", text, err)
		}
		place.leave()
		close(more)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		// Every place was given back once.
		if !g.places.TryAcquire(1) || g.places.TryAcquire(1) {
			t.Error("the number of places has changed")
		}
	})
}

func TestGate_Cancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		firstCtx, firstPlace := g.place(t.Context())
		defer firstPlace.leave()
		if _, err := guarded(firstCtx, textBody("first")).Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		ctx, place := g.place(cancelled)
		defer place.leave()
		if _, err := guarded(ctx, textBody("second")).Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestGate_AnswerWithoutPlace(t *testing.T) {
	t.Parallel()
	if text, err := io.ReadAll(guarded(t.Context(), textBody("small"))); err != nil || string(text) != "small" {
		t.Errorf("read %q (%v)", text, err)
	}
}
