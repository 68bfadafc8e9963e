package up

import (
	"fmt"
	"io"
	"sync"

	"github.com/rollcall-dev/rollcall/services/internal/pgserver"
)

// Screen is the output of `up` for people. The functions colour text for a terminal; they may
// return it unchanged.
type Screen struct {
	Out io.Writer
	// Program is the name with which the program was called, for example commands.
	Program string
	// Terminal is set if Out is a terminal; then the log goes to a file.
	Terminal        bool
	Bold, Dim, Good func(string) string
	Warn            func(string) string
	// LogOut receives the log if Out is not a terminal. It must allow concurrent writes.
	LogOut io.Writer
}

// printer prints progress to the screen. It is safe for concurrent use.
type printer struct {
	screen Screen

	mu           sync.Mutex
	postgresDown bool
}

// line prints a line.
func (p *printer) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.screen.Out, text)
}

// step prints what is being done.
func (p *printer) step(format string, args ...any) {
	p.line(p.screen.Dim(fmt.Sprintf(format, args...)))
}

// done prints a success.
func (p *printer) done(format string, args ...any) {
	p.line(p.screen.Good(fmt.Sprintf(format, args...)))
}

// warn prints a warning.
func (p *printer) warn(format string, args ...any) {
	p.line(p.screen.Warn(fmt.Sprintf(format, args...)))
}

// postgres prints when Postgres stops unexpectedly and when it is back.
func (p *printer) postgres(status pgserver.Status) {
	p.mu.Lock()
	wasDown := p.postgresDown
	p.postgresDown = status.State == pgserver.Restarting
	isDown := p.postgresDown
	p.mu.Unlock()
	switch {
	case isDown && !wasDown:
		p.warn("Postgres stopped unexpectedly and is restarting; until then requests fail with UNAVAILABLE.")
	case wasDown && status.State == pgserver.Ready:
		p.done("Postgres is back.")
	}
}
