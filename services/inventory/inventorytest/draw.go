// Package inventorytest draws instances for property tests, from the table of fields. A field that is
// added to the table is drawn without a change here.
package inventorytest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// Values generate the values of fields.
type Values struct {
	Text   *rapid.Generator[string]
	Time   *rapid.Generator[time.Time]
	Number *rapid.Generator[int64]
	// Key generates the keys of labels.
	Key *rapid.Generator[string]
}

// Instance draws all content of an instance with these sections of details. The identity is left to
// the caller.
func (v Values) Instance(t *rapid.T, details ...inventory.Section) inventory.Instance {
	var i inventory.Instance
	for _, section := range details {
		section.Add(&i)
	}
	for _, f := range inventory.Fields() {
		if f.Role == inventory.Content {
			v.set(t, f, f.Pointer(&i))
		}
	}
	return i
}

func (v Values) set(t *rapid.T, f *inventory.Field, pointer any) {
	switch value := pointer.(type) {
	case nil: // a field of other details
	case *string:
		if f.Type == inventory.Enum {
			*value = rapid.SampledFrom(f.Values).Draw(t, f.Path)
			return
		}
		*value = v.Text.Draw(t, f.Path)
	case *bool:
		*value = rapid.Bool().Draw(t, f.Path)
	case *int32:
		*value = int32(v.Number.Draw(t, f.Path))
	case *int64:
		*value = v.Number.Draw(t, f.Path)
	case *time.Time:
		*value = v.Time.Draw(t, f.Path)
	case *[]string:
		*value = rapid.SliceOfN(v.Text, 0, 3).Draw(t, f.Path)
	case *map[string]string:
		*value = rapid.MapOfN(v.Key, v.Text, 0, 5).Draw(t, f.Path)
	default:
		panic(fmt.Sprintf("inventorytest: no values for %s, a %T", f.Path, pointer))
	}
}

// Full returns an instance in which every stored field has a value that is not the zero value, with
// these details. n makes the values of one instance differ from those of another.
func Full(n int, details inventory.Section) inventory.Instance {
	var i inventory.Instance
	details.Add(&i)
	for _, f := range inventory.Fields() {
		setFull(f, f.Pointer(&i), n)
	}
	i.Kind = inventory.VirtualMachine
	if details == inventory.DBSection {
		i.Kind = inventory.Database
	}
	i.State = []inventory.State{inventory.StateRunning, inventory.StateStopped}[n%2]
	i.Provider = inventory.AWS
	i.GoneTime = time.Time{}
	return i
}

func setFull(f *inventory.Field, pointer any, n int) {
	text := fmt.Sprint(f.Name, "-", n)
	switch value := pointer.(type) {
	case *string:
		*value = text
	case *bool:
		*value = true
	case *int32:
		*value = int32(1000 + n)
	case *int64:
		*value = int64(2000 + n)
	case *time.Time:
		*value = time.Date(2026, 1, 1, 0, 0, n, 1000*n, time.UTC)
	case *[]string:
		*value = []string{text, "second"}
	case *map[string]string:
		*value = map[string]string{"team": text}
	}
}
