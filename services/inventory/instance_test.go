package inventory_test

import (
	"encoding/hex"
	"maps"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

func vm() inventory.Instance {
	return inventory.Instance{
		Account: "aws-1", Provider: inventory.AWS, Kind: inventory.VirtualMachine, ProviderID: "i-1",
		DisplayName: "web", Region: "eu-west-1", State: inventory.StateRunning,
		PrivateIPs: []string{"10.0.0.1", "10.0.0.2"}, Labels: map[string]string{"a": "1", "b": "2"},
		CreateTime: time.Unix(0, 0), VM: &inventory.VMDetails{Image: "ami-1"},
	}
}

func hashOf(i inventory.Instance) inventory.Hash { return new(inventory.Hasher).Content(&i) }

// The IDs depend on the name spaces and the derivation. If they changed, every name that a client
// has kept would be lost.
func TestNames_Stable(t *testing.T) {
	t.Parallel()
	if got := inventory.InstanceUID("aws-100000000001", inventory.VirtualMachine, "i-0abc").String(); got != "9472a77a-81a3-5b67-bc32-d7a5833a5c77" {
		t.Errorf("instance uid %s", got)
	}
	key := inventory.ScopeKey{Account: "aws-100000000001", Kind: inventory.Database, Location: "eu-west-1"}
	if got := key.UID().String(); got != "9a36c259-4c6b-5d41-91e2-5932262c87ad" {
		t.Errorf("scope uid %s", got)
	}
	if got := key.String(); got != "scopes/aws-100000000001~database~eu-west-1" {
		t.Errorf("scope name %s", got)
	}
	if uid := key.UID(); uid.Version() != 5 || uid.Variant() != uuid.RFC4122 {
		t.Errorf("version %d, variant %d", uid.Version(), uid.Variant())
	}
}

// If hashes changed, every instance would look changed after an upgrade.
func TestHash_Stable(t *testing.T) {
	t.Parallel()
	i := vm()
	i.Hash = hashOf(i)
	if got := i.ETag(); got != `"35b29ce27026f5daa527d2a4209bf3a9"` {
		t.Errorf("etag %s", got)
	}
	i.GoneTime = time.Unix(1, 0)
	if got := i.ETag(); got != `"35b29ce27026f5daa527d2a4209bf3a9-gone"` {
		t.Errorf("etag %s", got)
	}
}

// The same with every field set, with numbers and times of several digits.
func TestHash_StableForEveryField(t *testing.T) {
	t.Parallel()
	machine, database := vm(), vm()
	machine.ProviderURI, machine.Zone, machine.ProviderState, machine.MachineType = "arn:1", "eu-west-1a", "running", "m6i.large"
	machine.PublicIPs, machine.Labels["ü"], machine.Labels["empty"] = []string{"192.0.2.1"}, "ß", ""
	machine.VM = &inventory.VMDetails{
		Image: "ami-1", Architecture: "x86_64", Platform: "Linux/UNIX", Spot: true, Network: "vpc-1", Subnet: "subnet-1",
		Hostname: "ip-10-0-0-1", AutoscalingGroup: "asg-1", StartTime: time.Unix(1_700_000_000, 123_000),
	}
	database.Kind, database.VM = inventory.Database, nil
	database.DB = &inventory.DBDetails{
		Engine: "postgres", EngineVersion: "15.4", StorageGiB: 12_345, Endpoint: "db.example.com", Port: 5432,
		HighAvailability: true, ReplicaOf: "arn:2", Cluster: "arn:3", ClusterWriter: true, Network: "vpc-1",
		AutoRestartTime: time.Unix(1_700_000_000, 0),
	}
	for want, i := range map[string]inventory.Instance{
		"896ea139619c6d7c434b6347e1a4c8f4": machine,
		"f3fb8ab121881fdc49080353fe31710d": database,
	} {
		if got := hashOf(i); hex.EncodeToString(got[:]) != want {
			t.Errorf("hash of a %s %x, want %s", i.Kind, got, want)
		}
	}
}

// Every content field is hashed. The test finds the fields by reflection, so that a new one is not
// forgotten.
func TestHash_EveryField(t *testing.T) {
	t.Parallel()
	ours := map[string]bool{"UID": true, "Account": true, "Kind": true, "ProviderID": true, // identity
		"FirstSeenTime": true, "ChangeTime": true, "ObserveTime": true, "GoneTime": true, "Hash": true}
	db := vm()
	db.Kind, db.VM, db.DB = inventory.Database, nil, &inventory.DBDetails{Engine: "postgres"}
	for _, base := range []func() inventory.Instance{vm, func() inventory.Instance { d := *db.DB; i := db; i.DB = &d; return i }} {
		plain := hashOf(base())
		eachField(reflect.TypeFor[inventory.Instance](), func(path []int, name string) {
			i := base()
			field := reflect.ValueOf(&i).Elem()
			for _, n := range path {
				if field.Kind() == reflect.Pointer {
					if field.IsNil() {
						return // details of the other kind
					}
					field = field.Elem()
				}
				field = field.Field(n)
			}
			alter(t, field)
			if changed := hashOf(i) != plain; changed == ours[name] {
				t.Errorf("a change of %s changes the hash: %v", name, changed)
			}
		})
	}
}

func eachField(typ reflect.Type, visit func(path []int, name string)) {
	for n := range typ.NumField() {
		field := typ.Field(n)
		if field.Type.Kind() == reflect.Pointer {
			eachField(field.Type.Elem(), func(path []int, name string) {
				visit(append([]int{n}, path...), field.Name+"."+name)
			})
			continue
		}
		visit([]int{n}, field.Name)
	}
}

func alter(t *testing.T, field reflect.Value) {
	t.Helper()
	switch value := field.Addr().Interface().(type) {
	case *string:
		*value += "x"
	case *inventory.Provider:
		*value = inventory.GCP
	case *inventory.Kind:
		*value += "" // it depends on the details
	case *inventory.State:
		*value = inventory.StateStopped
	case *[]string:
		*value = append(*value, "10.9.9.9")
	case *map[string]string:
		*value = map[string]string{"a": "1", "b": "3"}
	case *time.Time:
		*value = value.Add(time.Hour).UTC()
	case *bool:
		*value = !*value
	case *int64:
		*value++
	case *int32:
		*value++
	case *uuid.UUID, *inventory.Hash:
	default:
		t.Fatalf("don't know how to change a %s", field.Type())
	}
}

// Labels, addresses and texts can't be exchanged without a change of the hash.
func TestHash_Exchanges(t *testing.T) {
	t.Parallel()
	with := func(change func(*inventory.Instance)) inventory.Hash {
		i := vm()
		change(&i)
		return hashOf(i)
	}
	hashes := map[inventory.Hash]string{}
	for name, hash := range map[string]inventory.Hash{
		"as it is":       with(func(*inventory.Instance) {}),
		"labels swapped": with(func(i *inventory.Instance) { i.Labels = map[string]string{"a": "2", "b": "1"} }),
		"labels merged":  with(func(i *inventory.Instance) { i.Labels = map[string]string{"a": "1b2"} }),
		"no value":       with(func(i *inventory.Instance) { i.Labels = map[string]string{"a": "1", "b": ""} }),
		"one label":      with(func(i *inventory.Instance) { i.Labels = map[string]string{"a": "1"} }),
		"ips swapped":    with(func(i *inventory.Instance) { i.PrivateIPs = []string{"10.0.0.2", "10.0.0.1"} }),
		"ip made public": with(func(i *inventory.Instance) { i.PrivateIPs, i.PublicIPs = i.PrivateIPs[:1], i.PrivateIPs[1:] }),
		"name in region": with(func(i *inventory.Instance) { i.DisplayName, i.Region = "", "web" }),
		"no details":     with(func(i *inventory.Instance) { i.VM = nil }),
		"bare details":   with(func(i *inventory.Instance) { i.VM = &inventory.VMDetails{} }),
		"no time":        with(func(i *inventory.Instance) { i.CreateTime = time.Time{} }),
	} {
		if other, ok := hashes[hash]; ok {
			t.Errorf("%s and %s have one hash", name, other)
		}
		hashes[hash] = name
	}
}

func TestHash_OrderOfLabels(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		labels := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "labels")
		i, j := vm(), vm()
		i.Labels, j.Labels = labels, map[string]string{}
		for key, value := range labels { // inserted in another order
			j.Labels[key] = value
		}
		if hashOf(i) != hashOf(j) {
			t.Fatal("the same labels have two hashes")
		}
	})
}

// Any bytes become a text that Postgres accepts, and cleaning it again changes nothing.
func TestClean_AnyBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := vm()
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		i.DisplayName, i.VM.Image, i.PublicIPs = text, text, []string{text}
		i.Labels = map[string]string{text: text, "k": text}
		hash := hashOf(i)
		new(inventory.Hasher).Content(&i)
		for _, got := range []string{i.DisplayName, i.VM.Image, i.PublicIPs[0], i.Labels["k"]} {
			if !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
				t.Fatalf("%q is not clean", got)
			}
			if inventory.CleanText(got) != got {
				t.Fatalf("cleaning %q again changes it", got)
			}
		}
		if hashOf(i) != hash {
			t.Fatal("a clean instance has another hash")
		}
	})
}

func TestClean(t *testing.T) {
	t.Parallel()
	i := vm()
	i.State, i.DB = inventory.StateGone, &inventory.DBDetails{}
	i.CreateTime = time.Unix(math.MaxInt32*1000, 0).UTC()
	i.VM.StartTime = time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.FixedZone("x", 3600))
	i.Labels = map[string]string{"a\x00": "1", "a\xff": "2", "ok": "é\n\"'😀"}
	i.Clean()
	if i.State != inventory.StateUnknown {
		t.Errorf("the provider state GONE became %s", i.State)
	}
	if i.DB != nil {
		t.Error("a virtual machine kept the details of a database")
	}
	if !i.CreateTime.IsZero() {
		t.Errorf("an invalid time was kept: %s", i.CreateTime)
	}
	if want := time.Date(2026, 1, 2, 2, 4, 5, 123456000, time.UTC); !i.VM.StartTime.Equal(want) {
		t.Errorf("start time %s, want %s", i.VM.StartTime, want)
	}
	if want := map[string]string{"a\uFFFD": "2", "ok": "é\n\"'😀"}; !maps.Equal(i.Labels, want) {
		t.Errorf("labels %q, want %q", i.Labels, want)
	}
}
