package query

import "strings"

// Filter is a parsed filter. The nil Filter matches everything. It is safe for concurrent use.
type Filter struct {
	root predicate // nil matches everything
}

// ParseFilter parses an AIP-160 filter. A blank one matches everything. Errors: *Error for the field "filter".
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

// Where returns the filter as an SQL condition that can be joined with others by AND and OR, and adds its values to
// args. Missing values never make it NULL where a negation would then give a wrong answer.
func (f *Filter) Where(args *Args) string {
	if f == nil || f.root == nil {
		return "TRUE"
	}
	return f.root.sql(args)
}

// Only returns the values to which the filter limits a field, as its column has them and each once. ok is false if it
// does not limit it. Without values and with ok, nothing matches the filter. Rows with other values never match; a row
// with one of these may or may not. It is for fields of the types String, UUID, Enum, Bool and Int; a missing String or
// Enum is "".
func (f *Filter) Only(path string) (values []string, ok bool) {
	if f == nil || f.root == nil {
		return nil, false
	}
	return f.root.only(path)
}

// Demands reports whether everything that the filter matches has one certain value in the field or, for a StringMap,
// under one certain key.
func (f *Filter) Demands(path string) bool { return f != nil && f.root != nil && f.root.demands(path) }
