package cli

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// style colours text for a terminal. The zero value does not.
type style struct{ colored bool }

// Select graphic rendition codes (ECMA-48, section 8.3.117).
func (s style) bold(text string) string   { return s.paint("1", text) }
func (s style) dim(text string) string    { return s.paint("2", text) }
func (s style) red(text string) string    { return s.paint("31", text) }
func (s style) green(text string) string  { return s.paint("32", text) }
func (s style) yellow(text string) string { return s.paint("33", text) }
func (s style) cyan(text string) string   { return s.paint("36", text) }

func (s style) paint(code, text string) string {
	if !s.colored || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// state returns the name of a state in the colour of its meaning: success, progress or failure.
func (s style) state(name string) string {
	switch name {
	case "CONNECTED", "SUCCEEDED", "RUNNING":
		return s.green(name)
	case "FAILED", "ABANDONED":
		return s.red(name)
	case "DEGRADED", "HELD", "MAINTENANCE", "STOPPING", "PENDING":
		return s.yellow(name)
	case "SYNCING", "QUEUED":
		return s.cyan(name)
	default: // stopped, gone, unknown and others
		return s.dim(name)
	}
}

// styleFor returns the style of an output. See https://no-color.org.
func styleFor(out io.Writer, choice string) style {
	switch choice {
	case "always":
		return style{colored: true}
	case "never":
		return style{}
	}
	return style{colored: isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// isTerminal reports whether an output is a terminal.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// width returns the number of columns of a terminal, or 0 if out is not a terminal.
func width(out io.Writer) int {
	file, ok := out.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// clean escapes the control characters of a text from a cloud or a user, so that it can't control
// the terminal: escape sequences, line breaks, and marks that change the direction of writing.
func clean(text string) string {
	if strings.IndexFunc(text, isControl) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if isControl(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isControl(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar ||
		r == '\u2028' || r == '\u2029'
}

// cleanLines is clean for a text with several lines: it keeps the line breaks.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	return strings.Join(lines, "\n")
}
