package inventory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// BenchmarkContent hashes a plausible virtual machine, which an ingest does for each instance.
func BenchmarkContent(b *testing.B) {
	i := benchmarkInstance()
	var hasher inventory.Hasher
	b.ReportAllocs()
	for b.Loop() {
		hasher.Content(&i)
	}
}

// BenchmarkDifference compares two states of an instance, which a watch does for each change.
func BenchmarkDifference(b *testing.B) {
	before, after := benchmarkInstance(), benchmarkInstance()
	after.State = inventory.StateStopped
	b.ReportAllocs()
	for b.Loop() {
		inventory.Difference(&before, &after)
	}
}

func benchmarkInstance() inventory.Instance {
	labels := map[string]string{}
	for n := range 6 {
		labels[fmt.Sprint("label-", n)] = fmt.Sprint("value-of-a-label-", n)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return inventory.Instance{
		Account: "aws-100000000001", Provider: inventory.AWS, Kind: inventory.VirtualMachine,
		ProviderID: "i-0123456789abcdef0", ProviderURI: "arn:aws:ec2:eu-west-1:100000000001:instance/i-0123456789abcdef0",
		DisplayName: "web-1", Region: "eu-west-1", Zone: "eu-west-1a", State: inventory.StateRunning,
		ProviderState: "running", MachineType: "m6i.large", PrivateIPs: []string{"10.0.0.1"},
		Labels: labels, CreateTime: at,
		VM: &inventory.VMDetails{
			Image: "ami-0123456789abcdef0", Architecture: "x86_64", Platform: "Linux/UNIX", Spot: true,
			Network: "vpc-0123456789abcdef0", Subnet: "subnet-0123456789abcdef0",
			Hostname: "ip-10-0-1-2.eu-west-1.compute.internal", StartTime: at,
		},
	}
}

func BenchmarkReadDetails(b *testing.B) {
	i := benchmarkInstance()
	text := inventory.AppendDetails(nil, &i)
	b.ReportAllocs()
	for b.Loop() {
		var got inventory.Instance
		if err := inventory.ReadDetails(text, &got); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	i := benchmarkInstance()
	filter, err := inventory.ParseWatchFilter(`account = aws-1 OR state = STOPPED OR location.region = "us-east-1" OR virtual_machine.spot = false OR labels.a = "7"`)
	if err != nil {
		b.Fatal(err)
	}
	row := inventory.RowOf(&i)
	b.ReportAllocs()
	for b.Loop() {
		filter.Match(row)
	}
}
