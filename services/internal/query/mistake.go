package query

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is a mistake in one field of a request.
type Error struct {
	// Field is the field of the request: filter, order_by or page_token.
	Field string
	// Description states what is wrong and, if known, what may be meant.
	Description string
	// Column is the position of the mistake in the field, in characters from 1; 0 if it has none.
	Column int
}

// Error returns the field and the description.
func (e *Error) Error() string { return e.Field + ": " + e.Description }

// Violation returns the field and what is wrong with it.
func (e *Error) Violation() (field, description string) { return e.Field, e.Description }

// Metadata returns the column, for programs.
func (e *Error) Metadata() map[string]string {
	if e.Column == 0 {
		return nil
	}
	return map[string]string{"column": strconv.Itoa(e.Column)}
}

// source is the text of one field of a request, for the position of a mistake.
type source struct {
	field string // of the request: "filter"
	text  string
}

// mistake returns the error for a mistake at a byte offset.
func (s source) mistake(at int, format string, args ...any) error {
	column := utf8.RuneCountInString(s.text[:min(at, len(s.text))]) + 1
	return &Error{Field: s.field, Description: fmt.Sprintf("column %d: %s", column, fmt.Sprintf(format, args...)), Column: column}
}

// checkText returns an error for a text that is too long or that Postgres can't store.
func (s source) checkText(maxChars int) error {
	if utf8.RuneCountInString(s.text) > maxChars {
		return &Error{Field: s.field, Description: fmt.Sprintf("is longer than %d characters", maxChars)}
	}
	for i, r := range s.text {
		if r == 0 {
			return s.mistake(i, "a NUL character can't be here")
		}
		if _, size := utf8.DecodeRuneInString(s.text[i:]); r == utf8.RuneError && size == 1 {
			return s.mistake(i, "this is not UTF-8 text")
		}
	}
	return nil
}

// shown returns a part of the request for a message: in backquotes, and shortened if it is long.
func shown(piece string) string {
	const limit = 60
	if utf8.RuneCountInString(piece) > limit {
		piece = string([]rune(piece)[:limit]) + "…"
	}
	return "`" + strings.ToValidUTF8(piece, "�") + "`"
}

// listed returns names for a message: `a`, `b`, `c`.
func listed(names []string) string {
	marked := make([]string, len(names))
	for i, name := range names {
		marked[i] = "`" + name + "`"
	}
	return strings.Join(marked, ", ")
}

// nearest returns the name that is most similar to a text; "" if none is similar enough.
func nearest(written string, names []string) string {
	best, bestDistance := "", max(1, min(3, len(written)/3))+1
	for _, name := range names {
		if d := distance(strings.ToLower(written), strings.ToLower(name)); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance returns the number of letters that must be added, dropped, changed or swapped with their neighbour to turn a
// into b (optimal string alignment).
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 { // no name is that long
		return 64
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
