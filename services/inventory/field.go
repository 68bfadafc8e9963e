package inventory

import (
	"slices"
	"strings"
	"time"
)

// Field describes one field of an instance. The table of all fields is in fields.go.
//
// Everything that treats the fields of an instance one by one goes by this table: the content
// hash, the difference of two states, filters and orders (in memory and in SQL), the columns of the
// database, the JSON of details, the conversion of details to and from protobuf, the history of
// changes and the generator of the tests.
type Field struct {
	// Path is the name in the API, by proto names: "virtual_machine.image".
	Path string
	// Role is the purpose of the field.
	Role Role
	// Prefix precedes the values in the API but not the stored ones: "accounts/".
	Prefix string
	// Values are those of an Enum.
	Values []string
	// Key marks the field that identifies an instance.
	Key bool
	// Sortable fields may stand in order_by, and Groupable ones in group_by.
	Sortable, Groupable bool
	// Search makes a bare word in a filter search this field.
	Search bool
	// Nullable fields may have no value. Those of details always may.
	Nullable bool
	// Unlogged fields change without an entry in the log of changes, so a watch can't filter by
	// them.
	Unlogged bool

	// tag identifies the field in the content hash. It must never be given to another field.
	tag byte
	// pointer returns a pointer to the value in an instance that has the field's section.
	pointer func(*Instance) any
	// derive computes the value of a field that is not stored in the instance.
	derive func(*Instance) string

	// What follows is derived from Path and pointer by newTable.

	// JSONPath is the path by JSON names: "virtualMachine.image".
	JSONPath string
	// Section is the message that the field is a part of.
	Section Section
	// Type is the type of the value.
	Type Type
	// Name is the last name of Path, and Member that of JSONPath. A field of Common is stored in
	// the column Name, one of the other sections as a member of the column details.
	Name, Member string
}

// Role is the purpose of a field.
type Role uint8

// The roles.
const (
	// Identity fields identify the instance. They never change.
	Identity Role = iota
	// Content fields come from the provider. They are hashed and compared.
	Content
	// Lifecycle fields are set by Rollcall together with the state. They are compared.
	Lifecycle
	// Bookkeeping fields are set by Rollcall and are neither hashed nor compared.
	Bookkeeping
)

// Type is the type of a field's value.
type Type uint8

// The types, with what Field.Pointer returns for them.
const (
	// Text is a *string.
	Text Type = iota
	// Enum is a *string that has one of Field.Values.
	Enum
	// Bool is a *bool.
	Bool
	// Int32 is an *int32.
	Int32
	// Int64 is an *int64.
	Int64
	// Time is a *time.Time; the zero time is unset.
	Time
	// TextList is a *[]string.
	TextList
	// TextMap is a *map[string]string.
	TextMap
)

// Section is a message of the API whose fields belong together.
type Section uint8

// The sections.
const (
	// Common fields exist for all kinds of instances.
	Common Section = iota
	// VMSection is Instance.VM.
	VMSection
	// DBSection is Instance.DB.
	DBSection
	sections
)

// sectionPaths are the paths of the sections, by proto names.
var sectionPaths = [sections]string{Common: "", VMSection: "virtual_machine", DBSection: "database"}

// sectionTags identify the sections in the content hash. See Field.tag.
var sectionTags = [sections]byte{VMSection: 13, DBSection: 23}

// DetailSections returns the sections of details, of which an instance has at most one.
func DetailSections() []Section { return []Section{VMSection, DBSection} }

// Path returns the path of the section by proto names; empty for Common.
func (s Section) Path() string { return sectionPaths[s] }

// JSONPath returns the path of the section by JSON names; empty for Common.
func (s Section) JSONPath() string { return jsonName(s.Path()) }

// In reports whether an instance has the section.
func (s Section) In(i *Instance) bool {
	switch s {
	case VMSection:
		return i.VM != nil
	case DBSection:
		return i.DB != nil
	}
	return true
}

// Add gives an instance the section, with no values, if it does not have it.
func (s Section) Add(i *Instance) {
	switch {
	case s.In(i):
	case s == VMSection:
		i.VM = &VMDetails{}
	case s == DBSection:
		i.DB = &DBDetails{}
	}
}

// Fields returns the fields of the section, in the order of the table.
func (s Section) Fields() []*Field { return bySection[s] }

// Fields returns the fields of an instance, in the order of the table.
func Fields() []*Field { return table }

// FieldByPath returns the field with this path, by proto names; nil if there is none.
func FieldByPath(path string) *Field { return byPath[path] }

// Pointer returns a pointer to the value of the field in i, which Type describes. It is nil for
// fields that are computed from others, and if i does not have the field's section.
func (f *Field) Pointer(i *Instance) any {
	if f.pointer == nil || !f.Section.In(i) {
		return nil
	}
	return f.pointer(i)
}

// Compared reports whether a change of the field is a change of the instance that is listed among
// the changed fields.
func (f *Field) Compared() bool { return f.Role == Content || f.Role == Lifecycle }

// Stored reports whether the field is stored with the instance. The others are computed.
func (f *Field) Stored() bool { return f.pointer != nil }

var (
	table     = newTable(fields)
	byPath    = indexTable(table)
	bySection = splitTable(table, func(*Field) bool { return true })
	// contentFields are those with the role Content, by section.
	contentFields = splitTable(table, func(f *Field) bool { return f.Role == Content })
)

// newTable fills in what is derived from the rows of the table.
func newTable(rows []Field) []*Field {
	sample := Instance{VM: &VMDetails{}, DB: &DBDetails{}}
	table := make([]*Field, len(rows))
	for n := range rows {
		f := &rows[n]
		f.JSONPath = jsonName(f.Path)
		f.Section = sectionOf(f.Path)
		f.Name, f.Member = lastName(f.Path), lastName(f.JSONPath)
		f.Nullable = f.Nullable || f.Section != Common
		if f.pointer != nil {
			f.Type = typeOf(f.pointer(&sample), f.Values)
		}
		table[n] = f
	}
	return table
}

func typeOf(pointer any, values []string) Type {
	switch pointer.(type) {
	case *string:
		if values != nil {
			return Enum
		}
		return Text
	case *bool:
		return Bool
	case *int32:
		return Int32
	case *int64:
		return Int64
	case *time.Time:
		return Time
	case *[]string:
		return TextList
	case *map[string]string:
		return TextMap
	}
	panic("inventory: a field has a type that the table does not support")
}

func sectionOf(path string) Section {
	for _, section := range DetailSections() {
		if strings.HasPrefix(path, section.Path()+".") {
			return section
		}
	}
	return Common
}

func indexTable(table []*Field) map[string]*Field {
	index := make(map[string]*Field, len(table))
	for _, f := range table {
		index[f.Path] = f
	}
	return index
}

func splitTable(table []*Field, keep func(*Field) bool) (parts [sections][]*Field) {
	for section := range sections {
		parts[section] = slices.Collect(func(yield func(*Field) bool) {
			for _, f := range table {
				if f.Section == section && keep(f) && !yield(f) {
					return
				}
			}
		})
	}
	return parts
}

func lastName(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// jsonName returns a path by JSON names: lowerCamelCase.
func jsonName(path string) string {
	var b strings.Builder
	upper := false
	for _, r := range path {
		switch {
		case r == '_':
			upper = true
		case upper && 'a' <= r && r <= 'z':
			b.WriteRune(r - 'a' + 'A')
			upper = false
		default:
			b.WriteRune(r)
			upper = false
		}
	}
	return b.String()
}
