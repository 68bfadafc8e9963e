package query

import (
	"slices"
	"strings"
	"time"
)

// Row is a row in memory, for Filter.Match.
type Row interface {
	// Value returns what the column of a field holds, without the prefix that values have in the
	// API. It has the type of the field, or is Missing where the column would be NULL. See
	// Field.Index for a fast way to find the field.
	Value(f *Field) Value
}

// Value is the value of a column. The zero Value is Missing.
type Value struct {
	there  bool
	number int64 // of Bool 0 or 1, of times and durations microseconds
	text   string
	list   []string
	pairs  map[string]string
}

// Missing is the value of a column that is NULL.
var Missing Value

// TextValue returns the value of a String, Enum or UUID. A UUID is in lower case and with hyphens.
func TextValue(text string) Value { return Value{there: true, text: text} }

// OptionalText returns TextValue, or Missing if the text is empty.
func OptionalText(text string) Value { return Value{there: text != "", text: text} }

// BoolValue returns the value of a Bool.
func BoolValue(b bool) Value {
	if b {
		return Value{there: true, number: 1}
	}
	return Value{there: true}
}

// IntValue returns the value of an Int.
func IntValue(n int64) Value { return Value{there: true, number: n} }

// TimeValue returns the value of a Timestamp, which has microseconds as in Postgres. The zero time is Missing.
func TimeValue(t time.Time) Value { return Value{there: !t.IsZero(), number: t.UnixMicro()} }

// DurationValue returns the value of a Duration.
func DurationValue(d time.Duration) Value { return Value{there: true, number: d.Microseconds()} }

// MapValue returns the value of a StringMap.
func MapValue(pairs map[string]string) Value { return Value{there: true, pairs: pairs} }

// ListValue returns the value of a StringList.
func ListValue(list []string) Value { return Value{there: true, list: list} }

// Match reports whether the filter matches a row. The SQL of Where gives the same answer for columns that compare by code
// point (the collation "C").
func (f *Filter) Match(row Row) bool { return f == nil || f.root == nil || f.root.match(row) }

// Uses reports whether the filter has a condition on the field with this path.
func (f *Filter) Uses(path string) bool {
	return f != nil && f.root != nil && !f.root.everyField(func(used string) bool { return used != path })
}

// UsesOnly reports whether the filter has conditions on the fields with these paths only.
func (f *Filter) UsesOnly(paths ...string) bool {
	return f == nil || f.root == nil || f.root.everyField(func(used string) bool { return slices.Contains(paths, used) })
}

func (g *group) everyField(ok func(path string) bool) bool {
	return !slices.ContainsFunc(g.kids, func(kid predicate) bool { return !kid.everyField(ok) })
}

func (t *test) everyField(ok func(path string) bool) bool { return ok(t.field.Path) }

func (s *search) everyField(ok func(path string) bool) bool {
	return !slices.ContainsFunc(s.fields, func(f *Field) bool { return !ok(f.Path) })
}

func (g *group) match(row Row) bool {
	for _, kid := range g.kids {
		if kid.match(row) == g.or {
			return g.or
		}
	}
	return !g.or
}

func (s *search) match(row Row) bool {
	for n, f := range s.fields {
		v := row.Value(f)
		if f.Type.kind == kindStringList && slices.ContainsFunc(v.list, s.matchers[n].match) ||
			f.Type.kind != kindStringList && v.there && s.matchers[n].match(v.text) {
			return !s.negated
		}
	}
	return s.negated
}

// match treats a condition that is NULL in SQL as false, and its negation as true.
func (t *test) match(row Row) bool { return t.holds(row.Value(t.field)) != t.negated }

func (t *test) holds(v Value) bool {
	switch t.field.Type.kind {
	case kindString:
		return t.textHolds(v)
	case kindStringMap:
		return t.mapHolds(v)
	case kindStringList:
		return t.listHolds(v)
	case kindUUID, kindEnum:
		return v.there && (t.op == present || v.text == t.value)
	default:
		return v.there && (t.op == present || compares(t.op, v.number, t.number))
	}
}

// textHolds compares a text. A missing text is the empty text, but matches no pattern.
func (t *test) textHolds(v Value) bool {
	switch t.op {
	case present:
		return v.text != ""
	case like, ilike:
		return v.there && t.matcher.match(v.text)
	default:
		return compares(t.op, v.text, t.value.(string))
	}
}

func (t *test) mapHolds(v Value) bool {
	if t.key == "" {
		switch t.op {
		case present:
			return len(v.pairs) > 0
		case like:
			for key := range v.pairs {
				if t.matcher.match(key) {
					return true
				}
			}
			return false
		default: // contains
			_, there := v.pairs[t.value.(string)]
			return there
		}
	}
	text, there := v.pairs[t.key]
	switch t.op {
	case present:
		return there
	case like, ilike:
		return there && t.matcher.match(text)
	default:
		return there && compares(t.op, text, t.value.(string))
	}
}

func (t *test) listHolds(v Value) bool {
	switch t.op {
	case present:
		return len(v.list) > 0
	case contains:
		return slices.Contains(v.list, t.value.(string))
	default:
		return slices.ContainsFunc(v.list, t.matcher.match)
	}
}

func compares[T int64 | string](op operator, stored, wanted T) bool {
	switch op {
	case equal:
		return stored == wanted
	case "<":
		return stored < wanted
	case "<=":
		return stored <= wanted
	case ">":
		return stored > wanted
	default:
		return stored >= wanted
	}
}

// prepare computes what match needs for every row.
func (g *group) prepare() {
	for _, kid := range g.kids {
		kid.prepare()
	}
}

func (t *test) prepare() {
	if t.op == like || t.op == ilike {
		t.matcher = newMatcher(t.value.(string), t.op == ilike)
	}
	switch value := t.value.(type) {
	case bool:
		t.number = BoolValue(value).number
	case int64:
		t.number = value
	case time.Time:
		t.number = value.UnixMicro()
	case time.Duration:
		t.number = value.Microseconds()
	}
}

func (s *search) prepare() {
	for _, pattern := range s.patterns {
		s.matchers = append(s.matchers, newMatcher(pattern, true))
	}
}

// matcher matches a pattern of LIKE, or of ILIKE if it folds, as this package writes them: a text, with or without a
// wildcard at each end.
type matcher struct {
	core               string
	openStart, openEnd bool
	fold               bool
}

// newMatcher parses a pattern of the function pattern.
func newMatcher(pattern string, fold bool) matcher {
	m := matcher{fold: fold}
	pattern, m.openStart = strings.CutPrefix(pattern, "%")
	var core strings.Builder
	for n := 0; n < len(pattern); n++ {
		switch pattern[n] {
		case '\\':
			n++
		case '%': // it is not escaped, so it is the last character
			m.openEnd = true
			continue
		}
		core.WriteByte(pattern[n])
	}
	m.core = core.String()
	return m
}

func (m matcher) match(text string) bool {
	switch {
	case len(text) < len(m.core):
		return false
	case m.openStart && m.openEnd:
		for n := 0; n+len(m.core) <= len(text); n++ {
			if m.same(text[n : n+len(m.core)]) {
				return true
			}
		}
		return false
	case m.openStart:
		return m.same(text[len(text)-len(m.core):])
	case m.openEnd:
		return m.same(text[:len(m.core)])
	default:
		return len(text) == len(m.core) && m.same(text)
	}
}

// same compares the core with a text of the same length. Folding covers ASCII only, as in the collation "C".
func (m matcher) same(text string) bool {
	if !m.fold {
		return text == m.core
	}
	for n := range len(text) {
		if lower(text[n]) != lower(m.core[n]) {
			return false
		}
	}
	return true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}
