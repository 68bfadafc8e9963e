package postgres_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/inventory"
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
	return rapid.Custom(func(t *rapid.T) inventory.Instance {
		text := func(name string) string { return genText().Draw(t, name) }
		i := inventory.Instance{
			ProviderID: "i-" + text("id"), ProviderURI: text("uri"), DisplayName: text("name"), Region: text("region"),
			Zone: text("zone"), ProviderState: text("word"), MachineType: text("type"),
			State:      rapid.SampledFrom(append(inventory.States(), "")).Draw(t, "state"),
			PrivateIPs: rapid.SliceOfN(genText(), 0, 3).Draw(t, "private"),
			PublicIPs:  rapid.SliceOfN(genText(), 0, 3).Draw(t, "public"),
			Labels:     rapid.MapOfN(genText(), genText(), 0, 5).Draw(t, "labels"),
			CreateTime: genTime().Draw(t, "created"),
		}
		if rapid.Bool().Draw(t, "vm") {
			i.VM = &inventory.VMDetails{
				Image: text("image"), Architecture: text("arch"), Platform: text("platform"), Spot: rapid.Bool().Draw(t, "spot"),
				Network: text("network"), Subnet: text("subnet"), Hostname: text("host"), AutoscalingGroup: text("group"),
				StartTime: genTime().Draw(t, "started"),
			}
		}
		if rapid.Bool().Draw(t, "db") {
			i.DB = &inventory.DBDetails{
				Engine: text("engine"), EngineVersion: text("version"), StorageGiB: rapid.Int64().Draw(t, "storage"),
				Endpoint: text("endpoint"), Port: rapid.Int32().Draw(t, "port"), HighAvailability: rapid.Bool().Draw(t, "ha"),
				ReplicaOf: text("replica"), Cluster: text("cluster"), ClusterWriter: rapid.Bool().Draw(t, "writer"), Network: text("net"),
			}
		}
		return i
	})
}

// Any instance comes back from the database as Clean leaves it, byte by byte, by
// way of both the first COPY and the update.
func TestAnyInstanceComesBack(t *testing.T) {
	store, _ := open(t)
	fence := int64(0)
	rapid.Check(t, func(t *rapid.T) {
		first, second := genInstance().Draw(t, "first"), genInstance().Draw(t, "second")
		second.ProviderID = first.ProviderID
		for _, sent := range []inventory.Instance{first, second} {
			fence++
			obs := observation("aws-1", "eu-west-1", fence)
			obs.Scope.Kind = rapid.SampledFrom([]inventory.Kind{inventory.VirtualMachine, inventory.Database}).Draw(t, "kind")
			got, err := store.UpsertInstance(t.Context(), obs, sent)
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

// normal makes nil of what is empty, and one form of the times.
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
	for _, at := range []*time.Time{&i.CreateTime, &i.FirstSeenTime, &i.ChangeTime, &i.ObserveTime} {
		*at = at.UTC()
	}
	if i.VM != nil {
		vm := *i.VM
		vm.StartTime = vm.StartTime.UTC()
		i.VM = &vm
	}
	return i
}
