package query

import "strings"

// Filter is a filter that fits its schema. The nil Filter lets all through. It
// is safe for concurrent use.
type Filter struct {
	root predicate // nil lets all through
}

// ParseFilter reads an AIP-160 filter; a blank one lets all through. The error
// is a fault of the field "filter" that names the mistake and the column of its
// first character, counted from 1; the column is also in the fault's metadata.
func (s *Schema) ParseFilter(text string) (*Filter, error) {
	if strings.TrimSpace(text) == "" {
		return &Filter{}, nil
	}
	tree, err := parse(text)
	if err != nil {
		return nil, err
	}
	r := resolver{source: source{field: "filter", text: text}, schema: s}
	root, err := r.resolve(tree, false)
	if err != nil {
		return nil, err
	}
	root.prepare()
	return &Filter{root: root}, nil
}

// Where is the filter as an SQL condition, in parentheses where it needs them to
// be joined with others by AND or OR. It is never NULL where negation could turn
// that into a wrong answer, and adds its values to args.
func (f *Filter) Where(args *Args) string {
	if f == nil || f.root == nil {
		return "TRUE"
	}
	return f.root.sql(args)
}

// Only are the values to which the filter confines a field, as its column has
// them and each once; ok tells whether it does. No value with ok is a filter
// that nothing can match. Rows with other values never match; a row with one of
// them need not. For String, UUID, Enum, Bool and Int fields; a missing String
// or Enum is "".
func (f *Filter) Only(path string) (values []string, ok bool) {
	if f == nil || f.root == nil {
		return nil, false
	}
	return f.root.only(path)
}

// Demands tells whether all that the filter matches has some one value in the
// field, or, of a StringMap, under some one of its keys.
func (f *Filter) Demands(path string) bool { return f != nil && f.root != nil && f.root.demands(path) }
