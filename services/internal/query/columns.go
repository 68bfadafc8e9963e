package query

// Columns returns the SQL expression of a field: a column, or a pure expression of columns, of the
// Postgres type that the field's Type names.
type Columns func(f *Field) string

// On returns the filter with its fields stored in these columns. A schema that does not know the
// database has fields without a Column; the storage says where they are.
func (f *Filter) On(columns Columns) *Filter {
	if f == nil || f.root == nil {
		return f
	}
	return &Filter{root: f.root.on(columns)}
}

// On returns the order with its fields stored in these columns.
func (o *Order) On(columns Columns) *Order {
	placed := &Order{columns: make([]orderColumn, len(o.columns))}
	for n, c := range o.columns {
		placed.columns[n] = orderColumn{field: c.field.on(columns), desc: c.desc}
	}
	return placed
}

func (f *Field) on(columns Columns) *Field {
	placed := *f
	placed.Column = columns(f)
	return &placed
}

func (g *group) on(columns Columns) predicate {
	placed := &group{or: g.or, kids: make([]predicate, len(g.kids))}
	for n, kid := range g.kids {
		placed.kids[n] = kid.on(columns)
	}
	return placed
}

func (t *test) on(columns Columns) predicate {
	placed := *t
	placed.field = t.field.on(columns)
	return &placed
}

func (s *search) on(columns Columns) predicate {
	placed := *s
	placed.fields = make([]*Field, len(s.fields))
	for n, f := range s.fields {
		placed.fields[n] = f.on(columns)
	}
	return &placed
}
