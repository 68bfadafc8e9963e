package inventory

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendDetails appends the details of i as JSON, with the names of the API's JSON form. Empty texts
// and unset times are left out. Numbers and flags are not, so that `virtualMachine.spot = false`
// finds virtual machines and no databases.
//
// It does not use encoding/json, which would take most of the time of a first sync.
func AppendDetails(b []byte, i *Instance) []byte {
	b = append(b, '{')
	for _, section := range DetailSections() {
		if !section.In(i) {
			continue
		}
		b = append(appendMember(b, sectionMembers[section]), '{')
		for _, f := range bySection[section] {
			b = appendValue(b, f.Member, f.pointer(i))
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// sectionMembers are the names of the sections in the JSON of details.
var sectionMembers = func() (members [sections]string) {
	for section := range sections {
		members[section] = section.JSONPath()
	}
	return members
}()

// appendValue appends a member of an object, with the value that the pointer points to.
func appendValue(b []byte, name string, value any) []byte {
	switch value := value.(type) {
	case *string:
		if *value != "" {
			b = appendJSONString(appendMember(b, name), *value)
		}
	case *bool:
		b = strconv.AppendBool(appendMember(b, name), *value)
	case *int32:
		b = strconv.AppendInt(appendMember(b, name), int64(*value), 10)
	case *int64:
		b = strconv.AppendInt(appendMember(b, name), *value, 10)
	case *time.Time:
		if !value.IsZero() {
			b = append(appendMember(b, name), '"')
			b = append(value.AppendFormat(b, time.RFC3339Nano), '"')
		}
	default:
		panic("inventory: details have a field of a type that is not supported")
	}
	return b
}

// ReadDetails sets the details of i from what AppendDetails wrote. Members that it does not know are
// ignored.
func ReadDetails(text []byte, i *Instance) error {
	r := detailsReaders.Get().(*detailsReader)
	defer detailsReaders.Put(r)
	r.input.Reset()
	r.input.Write(text)
	r.decoder.Reset(&r.input, jsontext.AllowDuplicateNames(true)) // jsonb has none
	if err := r.read(i); err != nil {
		return fmt.Errorf("read the details of instance %s: %w", i.UID, err)
	}
	return nil
}

var detailsReaders = sync.Pool{New: func() any { return new(detailsReader) }}

// detailsReader reads the JSON of details and reuses its buffers.
type detailsReader struct {
	input   bytes.Buffer
	decoder jsontext.Decoder
	text    []byte
}

// membersOf are the fields of each section by their names in JSON.
var membersOf = func() (members [sections]map[string]*Field) {
	for section, fields := range bySection {
		members[section] = map[string]*Field{}
		for _, f := range fields {
			members[section][f.Member] = f
		}
	}
	return members
}()

func (r *detailsReader) read(i *Instance) error {
	return r.eachMember(func(name []byte) error {
		for _, section := range DetailSections() {
			if sectionMembers[section] == string(name) && r.decoder.PeekKind() == '{' {
				section.Add(i)
				return r.readSection(section, i)
			}
		}
		return r.decoder.SkipValue()
	})
}

func (r *detailsReader) readSection(section Section, i *Instance) error {
	return r.eachMember(func(name []byte) error {
		f := membersOf[section][string(name)]
		if f == nil {
			return r.decoder.SkipValue()
		}
		value, err := r.decoder.ReadValue()
		if err == nil {
			err = r.set(f.pointer(i), value)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.JSONPath, err)
		}
		return nil
	})
}

// eachMember calls take for each member of the object that comes next. take reads its value; the
// name is valid until then.
func (r *detailsReader) eachMember(take func(name []byte) error) error {
	if kind := r.decoder.PeekKind(); kind != '{' && kind != 0 {
		return fmt.Errorf("there is %s in place of an object", kind)
	}
	if _, err := r.decoder.ReadToken(); err != nil {
		return err
	}
	for r.decoder.PeekKind() != '}' {
		name, err := r.unquoted()
		if err != nil {
			return err
		}
		if err := take(name); err != nil {
			return err
		}
	}
	_, err := r.decoder.ReadToken()
	return err
}

// unquoted reads a string, which is valid until the next one is read.
func (r *detailsReader) unquoted() (text []byte, err error) {
	value, err := r.decoder.ReadValue()
	if err != nil {
		return nil, err
	}
	r.text, err = jsontext.AppendUnquote(r.text[:0], value)
	return r.text, err
}

// set sets what the pointer points to from a value of JSON.
func (r *detailsReader) set(pointer any, value jsontext.Value) (err error) {
	switch pointer := pointer.(type) {
	case *string:
		r.text, err = jsontext.AppendUnquote(r.text[:0], value)
		*pointer = string(r.text)
	case *bool:
		*pointer, err = strconv.ParseBool(string(value))
	case *int32:
		var n int64
		n, err = strconv.ParseInt(string(value), 10, 32)
		*pointer = int32(n)
	case *int64:
		*pointer, err = strconv.ParseInt(string(value), 10, 64)
	case *time.Time:
		if r.text, err = jsontext.AppendUnquote(r.text[:0], value); err == nil {
			*pointer, err = time.Parse(time.RFC3339Nano, string(r.text))
		}
	}
	return err
}
