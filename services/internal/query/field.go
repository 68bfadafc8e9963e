package query

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

type kind int

const (
	kindString kind = iota + 1
	kindUUID
	kindEnum
	kindBool
	kindInt
	kindTimestamp
	kindDuration
	kindStringMap
	kindStringList
)

// Type is what a field holds, and so what can be asked of it. See the table in
// the package's description.
type Type struct {
	kind   kind
	values []string
}

// The types of fields, with the Postgres type of their column.
var (
	// String is text.
	String = Type{kind: kindString}
	// UUID is uuid: only = and !=, with a value that is one.
	UUID = Type{kind: kindUUID}
	// Bool is boolean.
	Bool = Type{kind: kindBool}
	// Int is smallint, integer or bigint.
	Int = Type{kind: kindInt}
	// Timestamp is timestamptz.
	Timestamp = Type{kind: kindTimestamp}
	// Duration is interval, without months: what pgx stores for a time.Duration.
	Duration = Type{kind: kindDuration}
	// StringMap is jsonb, an object of strings.
	StringMap = Type{kind: kindStringMap}
	// StringList is text[].
	StringList = Type{kind: kindStringList}
)

// Enum is text that holds one of the values.
func Enum(values ...string) Type { return Type{kind: kindEnum, values: values} }

// Field is one field of a resource that requests may name.
type Field struct {
	// Path by proto names: "location.region". Its JSON form, here the same, is
	// understood too.
	Path string
	// Column is the SQL expression of the field: a column or a pure expression of columns, of the
	// Postgres type that Type names. Empty: see Filter.On and Order.On.
	Column string
	// Type of the field.
	Type Type
	// Prefix that the field's values carry in the API and its column does not:
	// "accounts/" for an account's resource name stored as its id. Values in
	// filters may have it or not.
	Prefix string
	// Key marks the one field whose column is unique and never NULL: it breaks
	// the ties of every order, and is sortable.
	Key bool
	// Sortable fields may stand in order_by.
	Sortable bool
	// Nullable columns may hold NULL, which is a missing value.
	Nullable bool
	// Search makes a bare word in a filter look into this field too. For String,
	// Enum and StringList.
	Search bool

	index int
}

// Index returns the position of the field among those that New was given.
func (f *Field) Index() int { return f.index }

// Schema is the fields that the requests for one kind of resource may name. It
// is safe for concurrent use.
type Schema struct {
	fields   []*Field
	byPath   map[string]*Field // by every spelling
	key      *Field
	search   []*Field
	sortable []string
	depth    int // most names in a path
}

// New is a schema of fields. It panics when a field can't be right, as
// regexp.MustCompile does: schemas are part of the program.
func New(fields ...Field) *Schema {
	s := &Schema{byPath: map[string]*Field{}}
	for i := range fields {
		f := fields[i]
		f.index = i
		if err := f.check(); err != nil {
			panic(fmt.Sprintf("query: field %q: %v", f.Path, err))
		}
		s.add(&f)
	}
	return s
}

func (s *Schema) add(f *Field) {
	s.fields = append(s.fields, f)
	s.depth = max(s.depth, strings.Count(f.Path, ".")+1)
	for _, spelling := range spellings(f.Path) {
		if s.byPath[spelling] != nil {
			panic(fmt.Sprintf("query: field %q is there twice", spelling))
		}
		s.byPath[spelling] = f
	}
	if f.Key {
		if s.key != nil {
			panic(fmt.Sprintf("query: fields %q and %q are both the key", s.key.Path, f.Path))
		}
		s.key = f
	}
	if f.Key || f.Sortable {
		s.sortable = append(s.sortable, f.Path)
	}
	if f.Search {
		s.search = append(s.search, f)
	}
}

func (f *Field) check() error {
	switch {
	case f.Path == "":
		return fmt.Errorf("a path is needed")
	case f.Type.kind == 0:
		return fmt.Errorf("a type is needed")
	case f.Type.kind == kindEnum && len(f.Type.values) == 0:
		return fmt.Errorf("an Enum needs values")
	case f.Key && f.Nullable:
		return fmt.Errorf("a key is never NULL")
	case (f.Sortable || f.Key) && (f.Type.kind == kindStringMap || f.Type.kind == kindStringList):
		return fmt.Errorf("maps and lists have no order")
	case f.Search && !slices.Contains([]kind{kindString, kindEnum, kindStringList}, f.Type.kind):
		return fmt.Errorf("words are searched for in String, Enum and StringList only")
	}
	return nil
}

var plainColumn = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_.]*$`)

// column is the field's SQL expression, ready to stand beside any operator.
func (f *Field) column() string {
	if f.Column == "" {
		panic("query: field " + f.Path + " has no column")
	}
	if plainColumn.MatchString(f.Column) {
		return f.Column
	}
	return "(" + f.Column + ")"
}

// stored is a value as the column has it.
func (f *Field) stored(value string) string { return strings.TrimPrefix(value, f.Prefix) }

// lookup finds the field that a path names. What remains of the path is the
// key of a map.
func (s *Schema) lookup(path []string) (f *Field, key string, ok bool) {
	if f := s.byPath[strings.Join(path, ".")]; f != nil {
		return f, "", true
	}
	if f, n := s.above(path); f != nil && f.Type.kind == kindStringMap {
		return f, strings.Join(path[n:], "."), true
	}
	return nil, "", false
}

// above finds the field that the first n names of a path name, short of all.
func (s *Schema) above(path []string) (f *Field, n int) {
	for n := min(len(path)-1, s.depth); n > 0; n-- {
		if f := s.byPath[strings.Join(path[:n], ".")]; f != nil {
			return f, n
		}
	}
	return nil, 0
}

// below are the paths of the fields inside the message of this name.
func (s *Schema) below(path string) []string {
	var inside []string
	for _, f := range s.fields {
		for _, spelling := range spellings(f.Path) {
			if strings.HasPrefix(spelling, path+".") {
				inside = append(inside, f.Path)
				break
			}
		}
	}
	return inside
}

// spellings of a path: each of its names in proto and in JSON.
func spellings(path string) []string {
	all := []string{""}
	for i, name := range strings.Split(path, ".") {
		if i > 0 {
			for j := range all {
				all[j] += "."
			}
		}
		both := []string{name}
		if json := jsonName(name); json != name {
			both = append(both, json)
		}
		var longer []string
		for _, head := range all {
			for _, tail := range both {
				longer = append(longer, head+tail)
			}
		}
		all = longer
	}
	return all
}

// jsonName is the lowerCamelCase name of a field in ProtoJSON.
func jsonName(name string) string {
	var b strings.Builder
	up := false
	for _, r := range name {
		switch {
		case r == '_':
			up = true
		case up && 'a' <= r && r <= 'z':
			b.WriteRune(r - 'a' + 'A')
			up = false
		default:
			b.WriteRune(r)
			up = false
		}
	}
	return b.String()
}
