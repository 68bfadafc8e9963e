package query

import "strings"

// Told is what a row of another table tells of one field of all the rows that
// belong to it. The zero Told is nothing.
type Told struct {
	// Column of the other table that has the very value of the field: whatever is
	// asked of the field can be asked of it.
	Column string
	// Besides is the condition on other rows that tell nothing, for all that
	// Column has; empty: there are none.
	Besides string
	// MayBe returns the condition on other rows that leave room for this value, which is not empty,
	// and adds the condition's arguments. For String and Enum, in place of Column.
	MayBe func(args *Args, value string) string
	// MayHave is the condition on other rows that leave room for any value but
	// none; for Nullable fields, in place of the others.
	MayHave string
}

// Implied is an SQL condition on the rows of another table to each of which rows
// of this one belong: one for which it is false can't have a row that the filter
// matches. What of says nothing of is taken to be true, and so nothing is ever
// left out by a negation that could hold.
func (f *Filter) Implied(args *Args, of func(path string) Told) string {
	if f == nil || f.root == nil {
		return always
	}
	return f.root.implied(args, of)
}

// always is the condition that says nothing.
const always = "TRUE"

func (g *group) implied(args *Args, of func(string) Told) string {
	if len(g.kids) == 0 {
		return boolSQL(!g.or)
	}
	// The arguments of what is dropped must go too: Postgres can't tell the type of
	// one that is not used.
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

func (t *test) implied(args *Args, of func(string) Told) string {
	text, isText := t.value.(string)
	switch told := of(t.field.Path); {
	case told.Column != "":
		field, same := *t.field, *t
		field.Column = told.Column
		same.field = &field
		sql := same.sql(args)
		if told.Besides != "" && sql != always {
			sql = "(" + sql + " OR " + told.Besides + ")"
		}
		return sql
	case told.MayBe != nil && t.op == equal && !t.negated && isText && text != "":
		return told.MayBe(args, text)
	case told.MayHave != "" && t.needsValue():
		return told.MayHave
	}
	return always
}

// needsValue tells whether rows without a value can't pass.
func (t *test) needsValue() bool {
	if t.negated || !t.field.Nullable {
		return false
	}
	if t.field.Type.kind != kindString { // NULL compares to nothing
		return t.field.Type.kind != kindStringMap
	}
	switch t.op {
	case present, like, ilike:
		return true
	case equal:
		return t.value != ""
	}
	return false // the empty text, which is a missing one, comes before others
}

func (s *search) implied(*Args, func(string) Told) string { return always }
