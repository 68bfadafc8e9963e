package read

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// FieldChanges returns what a change of the log changed in the fields of the API.
func FieldChanges(was, became []byte) ([]inventory.FieldChange, error) {
	from, err := columnsOf(was)
	if err != nil {
		return nil, err
	}
	to, err := columnsOf(became)
	if err != nil {
		return nil, err
	}
	var d fieldDiff
	for _, f := range inventory.Common.Fields() {
		switch {
		case !f.Compared():
		case f.Type == inventory.TextMap:
			d.members(f.JSONPath+".", from[f.Name], to[f.Name])
		default:
			d.note(f.JSONPath, f.Type, from[f.Name], to[f.Name])
		}
	}
	for _, section := range inventory.DetailSections() {
		d.details(section, from["details"], to["details"])
	}
	slices.SortFunc(d, func(a, b inventory.FieldChange) int { return strings.Compare(a.Field, b.Field) })
	return d, nil
}

// columnsOf reads an object of columns. Numbers keep their text.
func columnsOf(text []byte) (map[string]any, error) {
	var columns map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&columns); err != nil {
		return nil, fmt.Errorf("read a change of the log: %w", err)
	}
	return columns, nil
}

type fieldDiff []inventory.FieldChange

// note adds a change of one field unless the values are equal.
func (d *fieldDiff) note(path string, of inventory.Type, from, to any) {
	from, to = apiValue(of, from), apiValue(of, to)
	if !reflect.DeepEqual(from, to) {
		*d = append(*d, inventory.FieldChange{Field: path, From: from, To: to})
	}
}

// apiValue returns a stored value as the API's JSON form has it.
func apiValue(of inventory.Type, value any) any {
	switch of {
	case inventory.Time:
		return apiTime(value)
	case inventory.Int64: // the JSON form of protobuf has them as strings
		return numberText(value)
	}
	return plainNumber(value)
}

// members notes the differences of two maps of texts, key by key.
func (d *fieldDiff) members(prefix string, from, to any) {
	a, _ := from.(map[string]any) // nil if there is no map
	b, _ := to.(map[string]any)
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		d.note(prefix+pathKey(key), inventory.Text, a[key], b[key])
	}
}

// details notes the differences of one section of details.
func (d *fieldDiff) details(section inventory.Section, from, to any) {
	a, b := member(from, section.JSONPath()), member(to, section.JSONPath())
	for _, f := range section.Fields() {
		d.note(f.JSONPath, f.Type, a[f.Member], b[f.Member])
	}
}

// member returns an object inside an object; nil if there is none.
func member(of any, name string) map[string]any {
	object, _ := of.(map[string]any)
	inside, _ := object[name].(map[string]any)
	return inside
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// pathKey returns a key of a label as it is written in a path and in a filter.
func pathKey(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	return strconv.Quote(key)
}

// apiTime returns a time as protobuf's JSON form writes it: in UTC, with 0, 3, 6 or 9 digits after
// the second. Postgres and Go write it with any number of digits.
func apiTime(value any) any {
	text, _ := value.(string)
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return value
	}
	digits := strings.TrimSuffix(strings.TrimSuffix(t.UTC().Format("2006-01-02T15:04:05.000000000"), "000"), "000")
	return strings.TrimSuffix(digits, ".000") + "Z"
}

func numberText(value any) any {
	if number, ok := value.(json.Number); ok {
		return number.String()
	}
	return value
}

func plainNumber(value any) any {
	number, ok := value.(json.Number)
	if !ok {
		return value
	}
	float, err := number.Float64()
	if err != nil {
		return number.String()
	}
	return float
}
