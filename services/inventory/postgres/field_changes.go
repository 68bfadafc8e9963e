package postgres

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

// fieldPaths are the paths of the columns in the contract's JSON form, for those
// whose value is of the same form there. The rest is in fieldChanges, or is
// nobody's business; a test says of every column which.
var fieldPaths = map[string]string{
	"provider": "provider", "provider_uri": "providerUri", "display_name": "displayName",
	"region": "location.region", "zone": "location.zone", "state": "state", "provider_state": "providerState",
	"machine_type": "machineType", "private_ips": "privateIps", "public_ips": "publicIps",
}

// timePaths are those of the columns that hold times.
var timePaths = map[string]string{"create_time": "createTime", "gone_time": "goneTime"}

// detailTimes are the members of details that hold times.
var detailTimes = []string{"virtualMachine.startTime", "database.autoRestartTime"}

// numberPaths are the members of details that are 64 bits wide, which the JSON of
// protobuf has as strings.
var numberPaths = []string{"database.storageGib"}

// fieldChanges are what a change of the log did to the fields of the contract.
func fieldChanges(was, became []byte) ([]inventory.FieldChange, error) {
	from, err := columnsOf(was)
	if err != nil {
		return nil, err
	}
	to, err := columnsOf(became)
	if err != nil {
		return nil, err
	}
	var d fieldDiff
	for column, path := range fieldPaths {
		d.note(path, from[column], to[column])
	}
	for column, path := range timePaths {
		d.note(path, contractTime(from[column]), contractTime(to[column]))
	}
	d.members("labels.", from["labels"], to["labels"])
	d.details(from["details"], to["details"])
	slices.SortFunc(d, func(a, b inventory.FieldChange) int { return strings.Compare(a.Field, b.Field) })
	return d, nil
}

// columnsOf reads an object of columns. Numbers stay as they were written.
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

func (d *fieldDiff) note(path string, from, to any) {
	if reflect.DeepEqual(from, to) {
		return
	}
	switch {
	case slices.Contains(numberPaths, path):
		from, to = numberText(from), numberText(to)
	case slices.Contains(detailTimes, path):
		from, to = contractTime(from), contractTime(to)
	}
	*d = append(*d, inventory.FieldChange{Field: path, From: plainNumber(from), To: plainNumber(to)})
}

// members notes what differs in two objects, member by member.
func (d *fieldDiff) members(prefix string, from, to any) {
	a, _ := from.(map[string]any) // no object has no members
	b, _ := to.(map[string]any)
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		d.note(prefix+pathKey(key), a[key], b[key])
	}
}

// details notes what differs in what only one kind has.
func (d *fieldDiff) details(from, to any) {
	a, _ := from.(map[string]any)
	b, _ := to.(map[string]any)
	for _, kind := range []string{"virtualMachine", "database"} {
		d.members(kind+".", a[kind], b[kind])
	}
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// pathKey is a key as it stands in a path, and in a filter.
func pathKey(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	return strconv.Quote(key)
}

// contractTime is a time, as Postgres or Go write it in JSON, as protobuf's JSON
// has it: in UTC, with 0, 3, 6 or 9 digits of the second.
func contractTime(value any) any {
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
