package query

import "strings"

// resolver turns a syntax tree into predicates: it finds the fields and checks the operators.
type resolver struct {
	source
	schema *Schema
}

// resolve returns the predicate of a node, or of its negation. Negations move to the leaves, where they can be
// written so that missing values are handled correctly: in SQL, NOT of a condition that is NULL stays NULL.
func (r *resolver) resolve(n node, negated bool) (predicate, error) {
	switch n := n.(type) {
	case *junction:
		return r.junction(n, negated, r.resolve)
	case *negation:
		return r.resolve(n.kid, !negated)
	case *comparison:
		return r.comparison(n, negated)
	case *literal:
		return r.word(n, negated)
	}
	panic("query: unknown type of node")
}

func (r *resolver) junction(n *junction, negated bool, resolve func(node, bool) (predicate, error)) (predicate, error) {
	all := &group{or: n.or != negated}
	for _, kid := range n.kids {
		p, err := resolve(kid, negated)
		if err != nil {
			return nil, err
		}
		all.kids = append(all.kids, p)
	}
	return all, nil
}

// comparison returns the predicate of a comparison. In a composite argument, such as a = (b OR c), the comparator
// applies to each literal.
func (r *resolver) comparison(n *comparison, negated bool) (predicate, error) {
	f, key, ok := r.schema.lookup(n.path)
	if !ok {
		return nil, r.unknown(n)
	}
	op := n.op
	if op == "!=" { // none of the literals of a composite
		op, negated = "=", !negated
	}
	var each func(node, bool) (predicate, error)
	each = func(arg node, negated bool) (predicate, error) {
		switch arg := arg.(type) {
		case *junction:
			return r.junction(arg, negated, each)
		case *negation:
			return each(arg.kid, !negated)
		case *literal:
			return r.test(n, f, key, op, arg, negated)
		}
		panic("query: unknown type of argument")
	}
	return each(n.arg, negated)
}

// unknown returns the error for a field that does not exist, with the one that may be meant.
func (r *resolver) unknown(n *comparison) error {
	written := strings.Join(n.path, ".")
	if inside := r.schema.below(written); len(inside) > 0 {
		return r.mistake(n.at, "%s is a message of fields; it has %s", shown(n.raw), listed(inside))
	}
	if f, _ := r.schema.above(n.path); f != nil {
		return r.mistake(n.at, "%s has no fields, so there is no %s", shown(f.Path), shown(n.raw))
	}
	if meant := r.schema.meant(n.path); meant != "" {
		return r.mistake(n.at, "there is no field %s; did you mean `%s`?", shown(n.raw), meant)
	}
	paths := make([]string, len(r.schema.fields))
	for i, f := range r.schema.fields {
		paths[i] = f.Path
	}
	return r.mistake(n.at, "there is no field %s; there are %s", shown(n.raw), listed(paths))
}

// meant returns the path that may be meant by this one: one of a similar name, one that ends in it, or a key of a
// map of a similar name; "" if there is none.
func (s *Schema) meant(path []string) string {
	written := strings.Join(path, ".")
	var names, maps []string
	ending := ""
	for _, f := range s.fields {
		for _, spelling := range spellings(f.Path) {
			names = append(names, spelling)
			if f.Type.kind == kindStringMap {
				maps = append(maps, spelling)
			}
			if ending == "" && strings.HasSuffix(spelling, "."+written) {
				ending = spelling
			}
		}
	}
	if near := nearest(written, names); near != "" {
		return near
	}
	if near := nearest(path[0], maps); near != "" && len(path) > 1 {
		return near + ".…"
	}
	return ending
}

// test returns the predicate that compares a field with a literal.
func (r *resolver) test(n *comparison, f *Field, key, op string, l *literal, negated bool) (predicate, error) {
	t := &test{field: f, key: key, negated: negated}
	isText := f.hasText()
	switch {
	case !f.allows(op, key != ""):
		return nil, r.mistake(n.opAt, "`%s` does not work on %s; %s", n.op, shown(n.raw), f.allowed())
	case l.anything() && (op == ":" || op == "=" && isText):
		t.op = present
		return t, nil
	case isText && op == ":" && l.text == "":
		return nil, r.mistake(l.at, "an empty text is in every value; use `%s:*` to find where %s has a value",
			n.raw, shown(n.raw))
	case isText && l.fn == "":
		t.setText(op, l)
		return t, nil
	case op == ":" && f.Type.kind == kindTimestamp:
		return nil, r.mistake(n.opAt, "`:` does not work on %s; %s", shown(n.raw), f.allowed())
	}
	value, wrong := l.convert(f)
	if wrong != "" {
		return nil, r.mistake(l.at, "%s does not fit: %s %s", shown(l.text), shown(n.raw), wrong)
	}
	t.op, t.value = operator(op), value
	if op == ":" {
		t.op = equal
	}
	return t, nil
}

// word returns the predicate of a word without a comparator: a text to search for, or a Bool field that must be true.
func (r *resolver) word(l *literal, negated bool) (predicate, error) {
	if l.path != nil {
		f, _, ok := r.schema.lookup(l.path)
		switch {
		case ok && f.Type.kind == kindBool:
			return &test{field: f, op: equal, value: true, negated: negated}, nil
		case ok && len(l.path) > 1:
			return nil, r.mistake(l.at, "%s is a field; compare it with a value, or use `%s:*` to find where it has one",
				shown(l.text), l.text)
		}
	}
	switch {
	case l.anything():
		return &group{or: negated}, nil
	case l.text == "":
		return nil, r.mistake(l.at, "an empty text is in every value; leave it out")
	case len(r.schema.search) == 0:
		return nil, r.mistake(l.at, "%s needs a field to search in, such as `%s = …`", shown(l.text), r.schema.fields[0].Path)
	}
	s := &search{fields: r.schema.search, negated: negated}
	for _, f := range s.fields {
		s.patterns = append(s.patterns, loosePattern(f, l))
	}
	return s, nil
}
