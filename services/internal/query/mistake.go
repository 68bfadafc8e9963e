package query

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// source is the text of one field of a request, for saying where in it a
// mistake is.
type source struct {
	field string // of the request: "filter"
	text  string
}

// mistake is a fault that names the place: the column of byte offset at,
// counted in characters from 1.
func (s source) mistake(at int, format string, args ...any) error {
	column := strconv.Itoa(utf8.RuneCountInString(s.text[:min(at, len(s.text))]) + 1)
	return fault.Invalid(s.field, "column "+column+": "+format, args...).With("column", column)
}

// checkText refuses what is too long, or what Postgres can't hold as text.
func (s source) checkText(maxChars int) error {
	if utf8.RuneCountInString(s.text) > maxChars {
		return fault.Invalid(s.field, "is longer than %d characters", maxChars)
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

// shown is a piece of the request for a message: in backquotes, and not too
// long.
func shown(piece string) string {
	const most = 60
	if utf8.RuneCountInString(piece) > most {
		piece = string([]rune(piece)[:most]) + "…"
	}
	return "`" + strings.ToValidUTF8(piece, "�") + "`"
}

// listed are names for a message: `a`, `b`, `c`.
func listed(names []string) string {
	marked := make([]string, len(names))
	for i, name := range names {
		marked[i] = "`" + name + "`"
	}
	return strings.Join(marked, ", ")
}

// nearest is the name that somebody who wrote this may have meant, "" when none
// is near.
func nearest(written string, names []string) string {
	best, bestDistance := "", max(1, min(3, len(written)/3))+1
	for _, name := range names {
		if d := distance(strings.ToLower(written), strings.ToLower(name)); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance is how many letters must be added, dropped, changed or swapped with
// their neighbour to make b of a (optimal string alignment).
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
