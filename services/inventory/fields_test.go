package inventory_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/inventorytest"
)

// TestFields_EveryStructField fails for a field of the structs that the table lacks.
func TestFields_EveryStructField(t *testing.T) {
	t.Parallel()
	notFields := map[string]bool{"UID": true, "Hash": true} // name and etag are computed from them
	i := inventory.Instance{VM: &inventory.VMDetails{}, DB: &inventory.DBDetails{}}
	inTable := map[any]bool{}
	for _, f := range inventory.Fields() {
		inTable[f.Pointer(&i)] = true
	}
	for _, part := range []any{&i, i.VM, i.DB} {
		value := reflect.ValueOf(part).Elem()
		for n := range value.NumField() {
			name := value.Type().Field(n).Name
			pointer := value.Field(n).Addr()
			if value.Field(n).Kind() == reflect.Pointer || notFields[name] {
				continue
			}
			if value.Field(n).Kind() == reflect.String {
				pointer = pointer.Convert(reflect.TypeFor[*string]())
			}
			if !inTable[pointer.Interface()] {
				t.Errorf("the table has no row for %s.%s", value.Type().Name(), name)
			}
		}
	}
}

// TestDifference_EachField changes one compared field at a time.
func TestDifference_EachField(t *testing.T) {
	t.Parallel()
	for _, section := range inventory.DetailSections() {
		for _, f := range inventory.Fields() {
			a, b := inventorytest.Full(0, section), inventorytest.Full(0, section)
			pointer := f.Pointer(&b)
			if pointer == nil {
				continue // computed, or of the other section
			}
			alter(t, reflect.ValueOf(pointer).Elem())
			var want []string
			if f.Compared() {
				want = []string{f.JSONPath}
			}
			if got := inventory.Difference(&a, &b); !slices.Equal(got, want) {
				t.Errorf("a change of %s: got %q, want %q", f.Path, got, want)
			}
		}
	}
}

func TestDifference_Sections(t *testing.T) {
	t.Parallel()
	none := inventory.Instance{}
	machine := inventory.Instance{VM: &inventory.VMDetails{Image: "ami-1"}}
	database := inventory.Instance{DB: &inventory.DBDetails{Port: 5432}}
	for _, c := range []struct {
		a, b inventory.Instance
		want []string
	}{
		{none, none, nil},
		{none, machine, []string{"virtualMachine"}},
		{database, none, []string{"database"}},
		{machine, database, []string{"database", "virtualMachine"}},
	} {
		if got := inventory.Difference(&c.a, &c.b); !slices.Equal(got, c.want) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestDetails_RoundTrip reads what was written, with every field set and with none.
func TestDetails_RoundTrip(t *testing.T) {
	t.Parallel()
	for _, section := range inventory.DetailSections() {
		full, empty := inventorytest.Full(7, section), inventory.Instance{}
		section.Add(&empty)
		for _, want := range []inventory.Instance{full, empty} {
			var got inventory.Instance
			if err := inventory.ReadDetails(inventory.AppendDetails(nil, &want), &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.VM, want.VM) || !reflect.DeepEqual(got.DB, want.DB) {
				t.Errorf("got %+v %+v, want %+v %+v", got.VM, got.DB, want.VM, want.DB)
			}
		}
	}
}

func TestReadDetails_Errors(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		`{}`: true,
		`{"virtualMachine":null,"later":{"a":[1]}}`:        true,
		`{"virtualMachine":{"later":{"a":1},"image":"x"}}`: true,
		`{"virtualMachine":{"spot":"yes"}}`:                false,
		`{"virtualMachine":{"image":7}}`:                   false,
		`{"virtualMachine":{"startTime":"today"}}`:         false,
		`{"database":{"port":2147483648}}`:                 false,
		`{"database":{"storageGib":1.5}}`:                  false,
		`[]`:                                               false,
		``:                                                 false,
		`{"database":{"port":1}`:                           false,
		`{"database":{"autoRestartTime":"2026-03-01T12:00:00.000001Z"}}`: true,
	} {
		if err := inventory.ReadDetails([]byte(text), &inventory.Instance{}); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestRow_EachField reads every field by way of a filter on its value.
func TestRow_EachField(t *testing.T) {
	t.Parallel()
	for _, section := range inventory.DetailSections() {
		i := inventorytest.Full(3, section)
		for _, f := range inventory.Fields() {
			value, ok := f.Pointer(&i).(*time.Time)
			if !ok || value.IsZero() || f.Unlogged {
				continue
			}
			filter, err := inventory.ParseWatchFilter(f.Path + ` = "` + value.Format(time.RFC3339Nano) + `"`)
			if err != nil {
				t.Fatal(err)
			}
			if !filter.Match(inventory.RowOf(&i)) {
				t.Errorf("%s does not match its own value", f.Path)
			}
			filter, err = inventory.ParseWatchFilter(f.JSONPath + ` > "` + value.Format(time.RFC3339Nano) + `"`)
			if err != nil || filter.Match(inventory.RowOf(&i)) {
				t.Errorf("%s is later than its own value (%v)", f.Path, err)
			}
		}
	}
}
