package clients

import (
	"maps"
	"strings"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// anyText draws texts that providers usually do not send.
func anyText(limit int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes")) +
			strings.Repeat(rapid.SampledFrom([]string{"", "x", "é", "🐘"}).Draw(t, "char"), rapid.IntRange(0, limit).Draw(t, "times"))
	})
}

func anyInstance(t *rapid.T) provider.Instance {
	texts := anyText(3000)
	i := provider.Instance{
		ProviderID:  "i-" + rapid.StringMatching(`[0-9a-f]{17}`).Draw(t, "id"),
		ProviderURI: texts.Draw(t, "uri"), DisplayName: texts.Draw(t, "name"), Region: texts.Draw(t, "region"), Zone: texts.Draw(t, "zone"),
		State: provider.State(rapid.SampledFrom([]string{"RUNNING", "UNKNOWN", "NEW"}).Draw(t, "state")), ProviderState: texts.Draw(t, "provider state"),
		MachineType: texts.Draw(t, "type"),
		PrivateIPs:  rapid.SliceOfN(anyText(10), 0, 1500).Draw(t, "ips"),
		Labels:      map[string]string{},
		CreateTime:  time.Unix(rapid.Int64Range(-1e12, 1e12).Draw(t, "created"), 0),
	}
	for range rapid.IntRange(0, 3).Draw(t, "labels") {
		i.Labels[anyText(100).Draw(t, "key")] = anyText(300).Draw(t, "value")
	}
	if rapid.Bool().Draw(t, "many labels") {
		for n := range 2 * maxLabels {
			i.Labels[strings.Repeat("k", n)] = ""
		}
	}
	if rapid.Bool().Draw(t, "database") {
		i.Database = &provider.DatabaseDetails{Engine: texts.Draw(t, "engine"), Endpoint: texts.Draw(t, "endpoint"), Port: rapid.Int32().Draw(t, "port")}
	} else {
		i.Machine = &provider.MachineDetails{Image: texts.Draw(t, "image"), Hostname: texts.Draw(t, "hostname"), StartTime: i.CreateTime}
	}
	return i
}

// The inventory accepts any instance: one odd instance does not prevent its scope from being read.
func TestInstanceOf_AnyValueIsValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		instance := anyInstance(t)
		message := instanceOf(&instance)
		sent := &inventoryv1.SnapshotInstances{Instances: []*inventoryv1.Instance{message}}
		if err := protovalidate.Validate(sent); err != nil {
			t.Fatal(err)
		}
		wire, err := proto.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		if err := proto.Unmarshal(wire, &inventoryv1.SnapshotInstances{}); err != nil {
			t.Fatal(err)
		}
		again := instanceOf(&instance)
		if !maps.Equal(message.GetLabels(), again.GetLabels()) {
			t.Fatal("a second conversion has other labels")
		}
	})
}

// A usual instance arrives unchanged.
func TestInstanceOf(t *testing.T) {
	t.Parallel()
	at := time.Unix(1000, 0)
	got := instanceOf(&provider.Instance{
		ProviderID: "i-1", ProviderURI: "arn", DisplayName: "web 🐘", Region: "eu-west-1", Zone: "eu-west-1a",
		State: provider.StateStopped, ProviderState: "stopped", MachineType: "m6i.large",
		PrivateIPs: []string{"10.0.0.1"}, PublicIPs: []string{"1.2.3.4"}, Labels: map[string]string{"team": "a\n\"b\""}, CreateTime: at,
		Machine: &provider.MachineDetails{Image: "ami-1", Spot: true, StartTime: at, AutoscalingGroup: "asg"},
	})
	want := &inventoryv1.Instance{
		ProviderId: "i-1", ProviderUri: "arn", DisplayName: "web 🐘",
		Location: &commonv1.Location{Region: "eu-west-1", Zone: "eu-west-1a"},
		State:    inventoryv1.Instance_STOPPED, ProviderState: "stopped", MachineType: "m6i.large",
		PrivateIps: []string{"10.0.0.1"}, PublicIps: []string{"1.2.3.4"}, Labels: map[string]string{"team": "a\n\"b\""}, CreateTime: timeOf(at),
		Details: &inventoryv1.Instance_VirtualMachine{VirtualMachine: &inventoryv1.VirtualMachine{
			Image: "ami-1", Spot: true, StartTime: timeOf(at), AutoscalingGroup: "asg",
		}},
	}
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"abc": "abc", "abcd": "abcd", "abcde": "abcd", "abcé": "abc", "a\xffb": "a\uFFFD"} {
		if got := cut(text, 4); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
