package query

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// setBare sets the literal to a value that was written without quotes.
func (l *literal) setBare(text string) {
	l.text = text
	l.openStart = strings.HasPrefix(text, "*")
	l.openEnd = strings.HasSuffix(text, "*")
}

// quoted reads a value in quotes, with the escapes of GoogleSQL, as AIP-160 specifies, and `\*` for a star that
// is not a wildcard.
func (p *parser) quoted() (*literal, error) {
	start := p.pos
	quote := p.text[p.pos]
	p.pos++
	n := &literal{at: start}
	var b strings.Builder
	for first := true; ; first = false {
		if p.done() {
			return nil, p.mistake(start, "this quote is never closed")
		}
		switch p.text[p.pos] {
		case quote:
			p.pos++
			n.text = b.String()
			return n, nil
		case '\\':
			r, err := p.escape()
			if err != nil {
				return nil, err
			}
			b.WriteRune(r)
			n.openEnd = false
		default:
			r, size := utf8.DecodeRuneInString(p.rest())
			b.WriteRune(r)
			p.pos += size
			n.openEnd = r == '*'
			n.openStart = n.openStart || first && r == '*'
		}
	}
}

// escape reads an escape and returns the character that it stands for.
func (p *parser) escape() (rune, error) {
	if len(p.rest()) > 1 {
		if next := p.rest()[1]; strings.ContainsRune("*'\"`?", rune(next)) {
			p.pos += 2
			return rune(next), nil
		}
	}
	r, _, tail, err := strconv.UnquoteChar(p.rest(), 0)
	if err != nil || r == 0 || !utf8.ValidRune(r) {
		return 0, p.mistake(p.pos, "%s is not a valid escape; write \\\\ for a backslash", shown(p.peekEscape()))
	}
	p.pos = len(p.text) - len(tail)
	return r, nil
}

// peekEscape returns the backslash at the position and the character after it.
func (p *parser) peekEscape() string {
	_, size := utf8.DecodeRuneInString(p.rest()[1:])
	return p.rest()[:1+size]
}

// open reports whether there is a wildcard at either end.
func (l *literal) open() bool { return l.openStart || l.openEnd }

// anything reports whether the literal has only wildcards, so that any value matches.
func (l *literal) anything() bool { return l.fn == "" && l.open() && l.core() == "" }

// core returns the text between the wildcards.
func (l *literal) core() string {
	text := l.text
	if l.openStart {
		text = strings.TrimPrefix(text, "*")
	}
	if l.openEnd {
		text = strings.TrimSuffix(text, "*")
	}
	return text
}

// exactPattern returns the LIKE pattern of a text with wildcards where they were written.
func exactPattern(f *Field, l *literal) string {
	return pattern(f, l, l.openStart, l.openEnd)
}

// loosePattern returns the LIKE pattern of a text that may be anywhere in the value, unless wildcards were
// written.
func loosePattern(f *Field, l *literal) string {
	if !l.open() {
		return pattern(f, l, true, true)
	}
	return exactPattern(f, l)
}

var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func pattern(f *Field, l *literal, openStart, openEnd bool) string {
	text := l.core()
	if !l.openStart {
		text = f.stored(text)
	}
	text = escapeLike.Replace(text)
	if openStart {
		text = "%" + text
	}
	if openEnd {
		text += "%"
	}
	return text
}

// convert returns the literal as a value of its field's type. If it is not such
// a value, wrong describes what the field is compared with.
func (l *literal) convert(f *Field) (value any, wrong string) {
	if l.fn == "timestamp" && f.Type.kind != kindTimestamp || l.fn == "duration" && f.Type.kind != kindDuration {
		return nil, "is not compared with a " + l.fn
	}
	switch f.Type.kind {
	case kindUUID:
		if id, err := uuid.Parse(f.stored(l.text)); err == nil && len(f.stored(l.text)) == 36 {
			return id.String(), ""
		}
		return nil, "is compared with a UUID, such as " + shown(f.Prefix+"6ba7b810-9dad-41d1-80b4-00c04fd430c8")
	case kindEnum:
		return l.convertEnum(f)
	case kindBool:
		if l.text == "true" || l.text == "false" {
			return l.text == "true", ""
		}
		return nil, "is compared with true or false"
	case kindInt:
		if n, err := parseInt(l.text); err == nil {
			return n, ""
		}
		return nil, "is compared with a whole number of at most 64 bits"
	case kindTimestamp:
		if t, err := time.Parse(time.RFC3339, l.text); err == nil {
			return t, ""
		}
		return nil, "is compared with a timestamp of RFC 3339, such as `2026-01-31T15:04:05Z`"
	case kindDuration:
		if d, err := time.ParseDuration(l.text); err == nil {
			return d, ""
		}
		return nil, "is compared with a duration, such as `20s` or `1.5h`"
	default:
		return f.stored(l.text), ""
	}
}

// parseInt parses an integer of AIP-160: decimal, or hexadecimal after 0x.
func parseInt(text string) (int64, error) {
	if digits := strings.TrimPrefix(text, "-"); strings.HasPrefix(digits, "0x") {
		return strconv.ParseInt(text, 0, 64)
	}
	return strconv.ParseInt(text, 10, 64)
}

func (l *literal) convertEnum(f *Field) (value any, wrong string) {
	for _, known := range f.Type.values {
		if l.text == known {
			return known, ""
		}
	}
	wrong = "is one of " + listed(f.Type.values)
	if near := nearest(l.text, f.Type.values); near != "" {
		wrong = "has no such value; did you mean `" + near + "`? It " + wrong
	}
	return nil, wrong
}
