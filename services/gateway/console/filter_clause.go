package console

import (
	"strconv"
	"strings"
)

// clause is one comparison of a filter, such as `state = RUNNING`, that a click adds or removes.
type clause struct {
	field string
	value string
}

// label returns the clause that compares a label with a value.
func label(key, value string) clause {
	field := "labels." + key
	if !plainWord(key) {
		field = "labels." + quoted(key)
	}
	return clause{field: field, value: quoted(value)}
}

// quoted returns text as a string of the filter language that matches it literally: an unescaped
// star is a wildcard.
func quoted(text string) string {
	return strings.ReplaceAll(strconv.Quote(text), "*", `\*`)
}

// String returns the clause as text of a filter.
func (c clause) String() string { return c.field + " = " + c.value }

// in reports whether a filter contains the clause.
func (c clause) in(filter string) bool {
	for _, part := range conjuncts(filter) {
		if part == c.String() {
			return true
		}
	}
	return false
}

// toggle removes the clause from a filter that contains it, and otherwise adds it, replacing a
// clause with another value of the field.
func (c clause) toggle(filter string) string {
	present := c.in(filter)
	var parts []string
	for _, part := range conjuncts(filter) {
		if !strings.HasPrefix(part, c.field+" = ") {
			parts = append(parts, part)
		}
	}
	if !present {
		parts = append(parts, c.String())
	}
	return strings.Join(parts, " AND ")
}

// conjuncts splits a filter at the ANDs outside of quotes and parentheses. OR binds tighter than
// AND (AIP-160), so `a AND b OR c` is correctly split into `a` and `b OR c`.
func conjuncts(filter string) []string {
	const and = " AND "
	var parts []string
	start, depth := 0, 0
	var quote byte
	for i := 0; i < len(filter); i++ {
		switch ch := filter[i]; {
		case quote != 0 && ch == '\\':
			i++
		case quote != 0:
			if ch == quote {
				quote = 0
			}
		case ch == '"' || ch == '\'':
			quote = ch
		case ch == '(':
			depth++
		case ch == ')':
			depth--
		case depth == 0 && strings.HasPrefix(filter[i:], and):
			parts = append(parts, strings.TrimSpace(filter[start:i]))
			i += len(and) - 1
			start = i + 1
		}
	}
	if rest := strings.TrimSpace(filter[start:]); rest != "" {
		parts = append(parts, rest)
	}
	return parts
}

// plainWord reports whether a label key needs no quotes in a filter.
func plainWord(key string) bool {
	for i, r := range key {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') && (i == 0 || r != '-') {
			return false
		}
	}
	return key != ""
}
