package query

// predicate is one condition on a row.
type predicate interface {
	sql(args *Args) string
	only(path string) ([]string, bool)
	demands(path string) bool
	match(row Row) bool
	// everyField tells whether ok holds of each field that is asked of, by its path.
	everyField(ok func(path string) bool) bool
	prepare()
	implied(args *Args, of func(string) Counterpart) string
	on(columns Columns) predicate
}

// group is AND or OR of its kids. Without kids, AND is true and OR false.
type group struct {
	or   bool
	kids []predicate
}

// test asks one thing of one field.
type test struct {
	field   *Field
	key     string // of a map; "" when the map itself is asked
	op      operator
	value   any
	negated bool

	number  int64   // value, when it is one; see prepare
	matcher matcher // value, when it is a pattern
}

// search looks for a text in several fields.
type search struct {
	fields   []*Field
	patterns []string // for ILIKE, one a field
	negated  bool

	matchers []matcher // of the patterns; see prepare
}

// operator of a test: the comparators of SQL, and more.
type operator string

const (
	equal    operator = "="
	present  operator = "present"  // has a value
	like     operator = "LIKE"     // matches a pattern
	ilike    operator = "ILIKE"    // the same, whatever the case
	contains operator = "contains" // a list or the keys of a map have it
)

// allows tells whether a comparator can be asked of the field, or of one of its
// keys.
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

// allowed says what can be asked of the field.
func (f *Field) allowed() string {
	switch f.Type.kind {
	case kindStringMap:
		return "ask `" + f.Path + ".key = \"value\"`, or `" + f.Path + ":key` for whether it has the key"
	case kindStringList:
		return "ask `" + f.Path + ":\"value\"` for whether it has the value"
	case kindTimestamp:
		return "ask `" + f.Path + ":*` for whether it is there, or compare it with = != < <= > >="
	}
	return "there are =, != and `:*`"
}

// hasText tells whether wildcards and substrings can be asked of the field.
func (f *Field) hasText() bool {
	switch f.Type.kind {
	case kindString, kindStringMap, kindStringList:
		return true
	}
	return false
}

// ask sets the operator and value for a text.
func (t *test) ask(op string, l *literal) {
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
