package query

// predicate is one condition on a row.
type predicate interface {
	sql(args *Args) string
	only(path string) ([]string, bool)
	demands(path string) bool
	match(row Row) bool
	// everyField reports whether ok returns true for the path of each field with a condition.
	everyField(ok func(path string) bool) bool
	prepare()
	implied(args *Args, of func(string) Counterpart) string
	on(columns Columns) predicate
}

// group is AND or OR of its kids. Without kids, AND is true and OR is false.
type group struct {
	or   bool
	kids []predicate
}

// test is one condition on one field.
type test struct {
	field   *Field
	key     string // of a map; "" for a condition on the map itself
	op      operator
	value   any
	negated bool

	number  int64   // value, if it is a number; see prepare
	matcher matcher // value, if it is a pattern
}

// search is the condition that a text is in one of several fields.
type search struct {
	fields   []*Field
	patterns []string // for ILIKE, one per field
	negated  bool

	matchers []matcher // of the patterns; see prepare
}

// operator is the operator of a test: a comparator of SQL, or one of these.
type operator string

const (
	equal    operator = "="
	present  operator = "present"  // there is a value
	like     operator = "LIKE"     // matches a pattern
	ilike    operator = "ILIKE"    // matches a pattern in any case
	contains operator = "contains" // is in a list or among the keys of a map
)

// allows reports whether a comparator works on the field, or on one of its keys.
func (f *Field) allows(op string, keyed bool) bool {
	switch f.Type.kind {
	case kindStringMap:
		return keyed || op == ":"
	case kindStringList:
		return op == ":"
	case kindUUID, kindEnum, kindBool:
		return op == "=" || op == ":"
	}
	return true
}

// allowed returns, for a message, the conditions that work on the field.
func (f *Field) allowed() string {
	switch f.Type.kind {
	case kindStringMap:
		return "use `" + f.Path + ".key = \"value\"`, or `" + f.Path + ":key` to find where it has the key"
	case kindStringList:
		return "use `" + f.Path + ":\"value\"` to find where it has the value"
	case kindTimestamp:
		return "use `" + f.Path + ":*` to find where it is set, or compare it with = != < <= > >="
	}
	return "use =, != or `:*`"
}

// hasText reports whether wildcards and substrings work on the field.
func (f *Field) hasText() bool {
	switch f.Type.kind {
	case kindString, kindStringMap, kindStringList:
		return true
	}
	return false
}

// setText sets the operator and the value of a condition on a text.
func (t *test) setText(op string, l *literal) {
	isKey := t.field.Type.kind == kindStringMap && t.key == ""
	isElement := t.field.Type.kind == kindStringList
	switch {
	case (isKey || isElement) && l.open(), op == "=" && l.open():
		t.op, t.value = like, exactPattern(t.field, l)
	case isKey || isElement:
		t.op, t.value = contains, t.field.stored(l.text)
	case op == ":":
		t.op, t.value = ilike, loosePattern(t.field, l)
	default:
		t.op, t.value = operator(op), t.field.stored(l.text)
	}
}
