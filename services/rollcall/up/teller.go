package up

import (
	"fmt"
	"io"
	"sync"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// Screen is where `up` tells people what it does. The paints are for a terminal and may leave the text as it is.
type Screen struct {
	Out io.Writer
	// Program is how this program was called, for commands to try.
	Program string
	// Terminal says that somebody sits before Out: then the log goes to a file.
	Terminal        bool
	Bold, Dim, Good func(string) string
	Warn            func(string) string
	// LogOut takes the log when there is no terminal. Several goroutines write to it at the same time.
	LogOut io.Writer
}

// teller writes lines to the screen, from any goroutine.
type teller struct {
	screen Screen

	mu   sync.Mutex
	away bool // Postgres
}

func (t *teller) line(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.screen.Out, text)
}

// step tells what is being done.
func (t *teller) step(format string, args ...any) {
	t.line(t.screen.Dim(fmt.Sprintf(format, args...)))
}

// done tells what came out well.
func (t *teller) done(format string, args ...any) {
	t.line(t.screen.Good(fmt.Sprintf(format, args...)))
}

// warn tells what the user should know.
func (t *teller) warn(format string, args ...any) {
	t.line(t.screen.Warn(fmt.Sprintf(format, args...)))
}

// postgres tells when the database goes away and comes back.
func (t *teller) postgres(status pgserver.Status) {
	t.mu.Lock()
	was := t.away
	t.away = status.State == pgserver.Restarting
	now := t.away
	t.mu.Unlock()
	switch {
	case now && !was:
		t.warn("Postgres ended by itself and is being started again; until then requests fail with UNAVAILABLE.")
	case was && status.State == pgserver.Ready:
		t.done("Postgres is back.")
	}
}
