package query

import "strings"

// Counterpart describes what a row of another table states about a field of all the rows that belong to it.
// The zero Counterpart states nothing.
type Counterpart struct {
	// Column is the column of the other table that has the value of the field: any condition on the field
	// is a condition on it.
	Column string
	// Unless is the condition on other rows whose Column states nothing; empty if there are none.
	Unless string
	// MayBe returns the condition on other rows that allow this value, which is not empty, and adds the
	// condition's arguments. It is for String and Enum, in place of Column.
	MayBe func(args *Args, value string) string
	// MayHave is the condition on other rows that allow any value. It is for Nullable fields, in place of the
	// others.
	MayHave string
}

// Implied returns an SQL condition on another table whose rows own rows of this one. A row for which it is
// false owns no row that the filter matches. Conditions on fields without a counterpart are taken to be true,
// so that no negation excludes a row by mistake.
func (f *Filter) Implied(args *Args, of func(path string) Counterpart) string {
	if f == nil || f.root == nil {
		return always
	}
	return f.root.implied(args, of)
}

// always is the condition that excludes nothing.
const always = "TRUE"

func (g *group) implied(args *Args, of func(string) Counterpart) string {
	if len(g.kids) == 0 {
		return boolSQL(!g.or)
	}
	// The arguments of a dropped condition must be dropped too, because Postgres can't infer the type of one
	// that is not used.
	before := len(*args)
	var parts []string
	for _, kid := range g.kids {
		part := kid.implied(args, of)
		switch {
		case part != always:
			parts = append(parts, part)
		case g.or:
			*args = (*args)[:before]
			return always
		}
	}
	if len(parts) == 0 {
		return always
	}
	word := " AND "
	if g.or {
		word = " OR "
	}
	return "(" + strings.Join(parts, word) + ")"
}

func (t *test) implied(args *Args, of func(string) Counterpart) string {
	text, isText := t.value.(string)
	switch other := of(t.field.Path); {
	case other.Column != "":
		field, same := *t.field, *t
		field.Column = other.Column
		same.field = &field
		sql := same.sql(args)
		if other.Unless != "" && sql != always {
			sql = "(" + sql + " OR " + other.Unless + ")"
		}
		return sql
	case other.MayBe != nil && t.op == equal && !t.negated && isText && text != "":
		return other.MayBe(args, text)
	case other.MayHave != "" && t.needsValue():
		return other.MayHave
	}
	return always
}

// needsValue reports whether the test excludes rows without a value.
func (t *test) needsValue() bool {
	if t.negated || !t.field.Nullable {
		return false
	}
	if t.field.Type.kind != kindString { // a comparison with NULL is false
		return t.field.Type.kind != kindStringMap
	}
	switch t.op {
	case present, like, ilike:
		return true
	case equal:
		return t.value != ""
	}
	return false // a missing text is the empty text, which precedes others
}

func (s *search) implied(*Args, func(string) Counterpart) string { return always }
