package write

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

func benchInstance() inventory.Instance {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return inventory.Instance{
		Account: "aws-100000000001", Provider: inventory.AWS, Kind: inventory.VirtualMachine,
		ProviderID: "i-0123456789abcdef0", ProviderURI: "arn:aws:ec2:eu-west-1:100000000001:instance/i-0123456789abcdef0",
		DisplayName: "web-1", Region: "eu-west-1", Zone: "eu-west-1a", State: inventory.StateRunning,
		ProviderState: "running", MachineType: "m6i.large", PrivateIPs: []string{"10.0.0.1"},
		Labels: map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}, CreateTime: at,
		VM: &inventory.VMDetails{
			Image: "ami-0123456789abcdef0", Architecture: "x86_64", Platform: "Linux/UNIX", Spot: true,
			Network: "vpc-0123456789abcdef0", Subnet: "subnet-0123456789abcdef0",
			Hostname: "ip-10-0-1-2.eu-west-1.compute.internal", StartTime: at,
		},
	}
}

func BenchmarkEncodeRow(b *testing.B) {
	i := benchInstance()
	var e encoder
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = e.row(buf[:0], &i)
	}
}
