package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

func TestMachineState(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		state *types.InstanceState
		want  provider.State
		name  string
	}{
		{nil, provider.StateUnknown, ""},
		{&types.InstanceState{}, provider.StateUnknown, ""},
		{&types.InstanceState{Code: aws.Int32(0), Name: "pending"}, provider.StatePending, "pending"},
		{&types.InstanceState{Code: aws.Int32(16), Name: "running"}, provider.StateRunning, "running"},
		{&types.InstanceState{Code: aws.Int32(0x1010), Name: "running"}, provider.StateRunning, "running"}, // the high byte is opaque
		{&types.InstanceState{Name: "running"}, provider.StateRunning, "running"},
		{&types.InstanceState{Code: aws.Int32(32), Name: "shutting-down"}, provider.StateStopping, "shutting-down"},
		{&types.InstanceState{Code: aws.Int32(48), Name: "terminated"}, provider.StateTerminated, "terminated"},
		{&types.InstanceState{Code: aws.Int32(64), Name: "stopping"}, provider.StateStopping, "stopping"},
		{&types.InstanceState{Code: aws.Int32(80), Name: "stopped"}, provider.StateStopped, "stopped"},
		{&types.InstanceState{Code: aws.Int32(96), Name: "dreaming"}, provider.StateUnknown, "dreaming"},
		{&types.InstanceState{Name: "dreaming"}, provider.StateUnknown, "dreaming"},
	} {
		if state, name := machineState(test.state); state != test.want || name != test.name {
			t.Errorf("%+v is %s %q, want %s %q", test.state, state, name, test.want, test.name)
		}
	}
}

func TestDatabaseState(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]provider.State{
		"":                             provider.StateUnknown,
		"available":                    provider.StateRunning,
		"creating":                     provider.StatePending,
		"starting":                     provider.StatePending,
		"stopping":                     provider.StateStopping,
		"deleting":                     provider.StateStopping,
		"stopped":                      provider.StateStopped,
		"backing-up":                   provider.StateMaintenance,
		"modifying":                    provider.StateMaintenance,
		"configuring-log-exports":      provider.StateMaintenance,
		"configuring-what-is-to-come":  provider.StateMaintenance,
		"storage-full":                 provider.StateFailed,
		"failed":                       provider.StateFailed,
		"incompatible-network":         provider.StateFailed,
		"incompatible-what-is-to-come": provider.StateFailed,
		"inaccessible-encryption-credentials-recoverable": provider.StateFailed,
		"dreaming": provider.StateUnknown,
	} {
		if got := databaseState(name); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
}
