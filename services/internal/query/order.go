package query

import (
	"slices"
	"strings"
	"unicode"
)

// MaxOrderChars is the largest number of characters of an order_by.
const MaxOrderChars = 512

// Order is the order of a list: fields, and then the key, so that no two rows are equal. It is safe for concurrent
// use.
type Order struct {
	columns []orderColumn
}

type orderColumn struct {
	field *Field
	desc  bool
}

// ParseOrder parses an AIP-132 order_by, such as "location.region, create_time desc". A blank one is the order of the
// key. Missing values come first, or last with desc. Errors: *Error for the field "order_by".
func (s *Schema) ParseOrder(text string) (*Order, error) {
	if s.key == nil {
		panic("query: an order needs a schema with a key")
	}
	src := source{field: "order_by", text: text}
	if err := src.checkText(MaxOrderChars); err != nil {
		return nil, err
	}
	o := &Order{}
	if strings.TrimSpace(text) != "" {
		at := 0
		for part := range strings.SplitSeq(text, ",") {
			if err := o.read(s, src, at, part); err != nil {
				return nil, err
			}
			at += len(part) + 1
		}
	}
	o.close(s.key)
	return o, nil
}

// read parses one field of an order: its path, and "asc" or "desc" after it.
func (o *Order) read(s *Schema, src source, at int, part string) error {
	words := strings.Fields(part)
	at += len(part) - len(strings.TrimLeftFunc(part, unicode.IsSpace))
	if len(words) == 0 {
		return src.mistake(at, "a field should be here, one of %s", listed(s.sortable))
	}
	f := s.byPath[words[0]]
	if f == nil || !f.Sortable && !f.Key {
		return src.mistake(at, "%s", s.notSortable(words[0], f))
	}
	if slices.ContainsFunc(o.columns, func(c orderColumn) bool { return c.field == f }) {
		return src.mistake(at, "%s occurs twice", shown(f.Path))
	}
	desc := false
	if len(words) > 1 {
		after := src.text[at+len(words[0]):]
		next := at + len(words[0]) + strings.Index(after, words[1])
		if words[1] != "desc" && words[1] != "asc" || len(words) > 2 {
			return src.mistake(next, "%s after %s: there are `desc` and `asc`, and commas between fields",
				shown(strings.Join(words[1:], " ")), shown(words[0]))
		}
		desc = words[1] == "desc"
	}
	o.columns = append(o.columns, orderColumn{field: f, desc: desc})
	return nil
}

func (s *Schema) notSortable(written string, f *Field) string {
	if f != nil {
		return shown(written) + " can't be sorted by; sortable are " + listed(s.sortable)
	}
	var names []string
	for _, path := range s.sortable {
		names = append(names, spellings(path)...)
	}
	if near := nearest(written, names); near != "" {
		return "there is no field " + shown(written) + "; did you mean `" + near + "`? Sortable are " + listed(s.sortable)
	}
	return "there is no field " + shown(written) + "; sortable are " + listed(s.sortable)
}

// close adds the key at the end, in the direction of the field before it, so that one index can serve both. Fields
// after the key are dropped, because they have no effect.
func (o *Order) close(key *Field) {
	if i := slices.IndexFunc(o.columns, func(c orderColumn) bool { return c.field == key }); i >= 0 {
		o.columns = o.columns[:i+1]
		return
	}
	desc := false
	if n := len(o.columns); n > 0 {
		desc = o.columns[n-1].desc
	}
	o.columns = append(o.columns, orderColumn{field: key, desc: desc})
}

// IsKey reports whether the order is that of the key alone, ascending.
func (o *Order) IsKey() bool {
	return len(o.columns) == 1 && !o.columns[0].desc && o.columns[0].field.Key
}

// OrderBy returns the expressions of an ORDER BY clause.
func (o *Order) OrderBy() string {
	parts := make([]string, len(o.columns))
	for i, c := range o.columns {
		parts[i] = c.expression()
		if c.desc {
			parts[i] += " DESC"
		}
	}
	return strings.Join(parts, ", ")
}

// expression returns the SQL expression that is sorted by. It is never NULL, because Postgres can't compare rows
// with NULLs.
func (c orderColumn) expression() string {
	column := c.field.column()
	if c.field.Type.kind == kindDuration {
		column = "EXTRACT(EPOCH FROM " + column + ")"
	}
	if !c.field.Nullable {
		return column
	}
	return "COALESCE(" + column + ", " + c.missing() + ")"
}

// missing returns the value that a missing one is sorted as. It is less than all others.
func (c orderColumn) missing() string {
	switch c.field.Type.kind {
	case kindUUID:
		return "'00000000-0000-0000-0000-000000000000'"
	case kindBool:
		return "FALSE"
	case kindInt:
		return "-9223372036854775808"
	case kindTimestamp:
		return "'-infinity'"
	case kindDuration:
		return "-1e18"
	default:
		return "''"
	}
}
