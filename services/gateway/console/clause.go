package console

import (
	"strconv"
	"strings"
)

// clause is one comparison of a filter, such as `state = RUNNING`, that the page
// puts there or takes away by a click.
type clause struct {
	field string
	value string
}

// label is the clause that asks for a label's value.
func label(key, value string) clause {
	field := "labels." + key
	if !plainWord(key) {
		field = "labels." + quoted(key)
	}
	return clause{field: field, value: quoted(value)}
}

// quoted is a text to the letter: without the backslash a star is a wildcard.
func quoted(text string) string {
	return strings.ReplaceAll(strconv.Quote(text), "*", `\*`)
}

// String is the clause as it stands in a filter.
func (c clause) String() string { return c.field + " = " + c.value }

// in tells whether a filter holds the clause.
func (c clause) in(filter string) bool {
	for _, part := range conjuncts(filter) {
		if part == c.String() {
			return true
		}
	}
	return false
}

// toggle takes the clause out of a filter that holds it, and puts it into one
// that does not, in place of one that asks for another value of the field.
func (c clause) toggle(filter string) string {
	held := c.in(filter)
	var parts []string
	for _, part := range conjuncts(filter) {
		if !strings.HasPrefix(part, c.field+" = ") {
			parts = append(parts, part)
		}
	}
	if !held {
		parts = append(parts, c.String())
	}
	return strings.Join(parts, " AND ")
}

// conjuncts splits a filter at the ANDs that stand outside quotes and
// parentheses. OR binds tighter than AND (AIP-160), so that `a AND b OR c` falls
// into `a` and `b OR c`, which is right.
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

// plainWord tells a key that needs no quotes in a filter.
func plainWord(key string) bool {
	for i, r := range key {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') && (i == 0 || r != '-') {
			return false
		}
	}
	return key != ""
}
