package postgres_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/inventorytest"
)

func genText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.StringMatching(`["'\\{},/:\x00-\x1f<&é😀]{0,8}`), rapid.Just(strings.Repeat("é", 200)))
}

func genTime() *rapid.Generator[time.Time] {
	return rapid.OneOf(rapid.Just(time.Time{}), rapid.Map(rapid.Int64Range(-62135596799, 253402300799), func(s int64) time.Time {
		return time.Unix(s, s&0xfffff).UTC()
	}))
}

func genInstance() *rapid.Generator[inventory.Instance] {
	values := inventorytest.Values{Text: genText(), Time: genTime(), Number: rapid.Int64(), Key: genText()}
	return rapid.Custom(func(t *rapid.T) inventory.Instance {
		var sections []inventory.Section
		for _, section := range inventory.DetailSections() {
			if rapid.Bool().Draw(t, "with "+section.Path()) {
				sections = append(sections, section)
			}
		}
		i := values.Instance(t, sections...)
		i.ProviderID = "i-" + genText().Draw(t, "id")
		if rapid.Bool().Draw(t, "without a state") {
			i.State = ""
		}
		return i
	})
}

// Any instance is stored as Clean leaves it, byte by byte, by the first COPY and by the update.
func TestAnyInstanceIsStored(t *testing.T) {
	store, _ := open(t)
	fence := int64(0)
	rapid.Check(t, func(t *rapid.T) {
		first, second := genInstance().Draw(t, "first"), genInstance().Draw(t, "second")
		second.ProviderID = first.ProviderID
		for _, sent := range []inventory.Instance{first, second} {
			fence++
			obs := observation("aws-1", "eu-west-1", fence)
			obs.Scope.Kind = rapid.SampledFrom([]inventory.Kind{inventory.VirtualMachine, inventory.Database}).Draw(t, "kind")
			got, err := store.ingest.Upsert(t.Context(), obs, sent)
			if err != nil {
				t.Fatal(err)
			}
			want := sent
			obs.Adopt(&want, new(inventory.Hasher))
			want.FirstSeenTime, want.ChangeTime, want.ObserveTime = got.FirstSeenTime, got.ChangeTime, at(fence)
			if !reflect.DeepEqual(normal(got), normal(want)) {
				t.Fatalf("got  %+v\nwant %+v", normal(got), normal(want))
			}
		}
	})
}

// normal returns an instance with nil for empty values and times in UTC.
func normal(i inventory.Instance) inventory.Instance {
	if len(i.PrivateIPs) == 0 {
		i.PrivateIPs = nil
	}
	if len(i.PublicIPs) == 0 {
		i.PublicIPs = nil
	}
	if len(i.Labels) == 0 {
		i.Labels = nil
	}
	if i.VM != nil { // a copy, so that the caller's does not change
		i.VM = new(*i.VM)
	}
	if i.DB != nil {
		i.DB = new(*i.DB)
	}
	for _, f := range inventory.Fields() {
		if at, ok := f.Pointer(&i).(*time.Time); ok {
			*at = at.UTC()
		}
	}
	return i
}
