package cli

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// style paints words for a terminal; the zero value leaves them plain.
type style struct{ colored bool }

// Select graphic rendition codes, ECMA-48 section 8.3.117.
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

// byWord paints a state by what it means: well, on its way, or wrong.
func (s style) byWord(word string) string {
	switch word {
	case "CONNECTED", "SUCCEEDED", "RUNNING":
		return s.green(word)
	case "FAILED", "ABANDONED":
		return s.red(word)
	case "DEGRADED", "HELD", "MAINTENANCE", "STOPPING", "PENDING":
		return s.yellow(word)
	case "SYNCING", "QUEUED":
		return s.cyan(word)
	default: // stopped, gone, unknown: nothing to look at
		return s.dim(word)
	}
}

// styleFor decides on the colours of one output. See https://no-color.org.
func styleFor(out io.Writer, choice string) style {
	switch choice {
	case "always":
		return style{colored: true}
	case "never":
		return style{}
	}
	return style{colored: isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// isTerminal tells whether somebody sits before an output.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// width is the number of columns of a terminal; 0 when out is none.
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

// clean shows the control characters of a text that others wrote instead of sending them to the terminal: escape
// sequences, newlines, and the marks that turn the direction of writing.
func clean(text string) string {
	if strings.IndexFunc(text, steers) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if steers(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func steers(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar ||
		r == '\u2028' || r == '\u2029'
}

// cleanLines is clean for texts of several lines: the line breaks stay.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	return strings.Join(lines, "\n")
}
