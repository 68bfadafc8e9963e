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

// Type is the type of a field, which determines the conditions that work on it. See the table in the description of the
// package.
type Type struct {
	kind   kind
	values []string
}

// The types of fields, with the Postgres types of their columns.
var (
	// String is for text.
	String = Type{kind: kindString}
	// UUID is for uuid: only = and !=, with a UUID.
	UUID = Type{kind: kindUUID}
	// Bool is for boolean.
	Bool = Type{kind: kindBool}
	// Int is for smallint, integer and bigint.
	Int = Type{kind: kindInt}
	// Timestamp is for timestamptz.
	Timestamp = Type{kind: kindTimestamp}
	// Duration is for interval without months, as pgx stores a time.Duration.
	Duration = Type{kind: kindDuration}
	// StringMap is for jsonb: an object of strings.
	StringMap = Type{kind: kindStringMap}
	// StringList is for text[].
	StringList = Type{kind: kindStringList}
)

// Enum returns the type of a text that is one of these values.
func Enum(values ...string) Type { return Type{kind: kindEnum, values: values} }

// Field is a field of a resource that requests may name.
type Field struct {
	// Path is the path by proto names: "location.region". Requests may also use the JSON names.
	Path string
	// Column is the SQL expression of the field: a column or a pure expression of columns, of the
	// Postgres type that Type names. Empty: see Filter.On and Order.On.
	Column string
	// Type is the type of the field.
	Type Type
	// Prefix precedes the values in the API but not those of the column: "accounts/" for the resource
	// name of an account that is stored as its ID. It is optional in filters.
	Prefix string
	// Key marks the one field whose column is unique and never NULL. Every order ends with it, and it is sortable.
	Key bool
	// Sortable fields may be in order_by.
	Sortable bool
	// Nullable columns may be NULL, which is a missing value.
	Nullable bool
	// Search makes a word without a field in a filter search this field. It is for String, Enum and StringList.
	Search bool

	index int
}

// Index returns the position of the field among those that New was given.
func (f *Field) Index() int { return f.index }

// Schema has the fields that requests for one kind of resource may name. It is safe for concurrent use.
type Schema struct {
	fields   []*Field
	byPath   map[string]*Field // by all spellings
	key      *Field
	search   []*Field
	sortable []string
	depth    int // the largest number of names in a path
}

// New returns a schema of fields. It panics for a field that is not valid, because a schema is a part of the program.
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
			panic(fmt.Sprintf("query: field %q occurs twice", spelling))
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
		return fmt.Errorf("only String, Enum and StringList can be searched")
	}
	return nil
}

var plainColumn = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_.]*$`)

// column returns the SQL expression of the field, in parentheses unless it is a plain column.
func (f *Field) column() string {
	if f.Column == "" {
		panic("query: field " + f.Path + " has no column")
	}
	if plainColumn.MatchString(f.Column) {
		return f.Column
	}
	return "(" + f.Column + ")"
}

// stored returns a value as the column has it.
func (f *Field) stored(value string) string { return strings.TrimPrefix(value, f.Prefix) }

// lookup returns the field that a path names. The rest of the path is the key of a map.
func (s *Schema) lookup(path []string) (f *Field, key string, ok bool) {
	if f := s.byPath[strings.Join(path, ".")]; f != nil {
		return f, "", true
	}
	if f, n := s.above(path); f != nil && f.Type.kind == kindStringMap {
		return f, strings.Join(path[n:], "."), true
	}
	return nil, "", false
}

// above returns the field that the first n names of a path name, but not all of them.
func (s *Schema) above(path []string) (f *Field, n int) {
	for n := min(len(path)-1, s.depth); n > 0; n-- {
		if f := s.byPath[strings.Join(path[:n], ".")]; f != nil {
			return f, n
		}
	}
	return nil, 0
}

// below returns the paths of the fields of a message.
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

// spellings returns the spellings of a path: each of its names by proto and by JSON.
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

// jsonName returns the lowerCamelCase name of a field in ProtoJSON.
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
