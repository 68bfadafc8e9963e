package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/rollcall-dev/rollcall/services/discovery"
)

func TestMachineState(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		state *types.InstanceState
		want  discovery.State
		word  string
	}{
		{nil, discovery.StateUnknown, ""},
		{&types.InstanceState{}, discovery.StateUnknown, ""},
		{&types.InstanceState{Code: aws.Int32(0), Name: "pending"}, discovery.StatePending, "pending"},
		{&types.InstanceState{Code: aws.Int32(16), Name: "running"}, discovery.StateRunning, "running"},
		{&types.InstanceState{Code: aws.Int32(0x1010), Name: "running"}, discovery.StateRunning, "running"}, // the high byte is opaque
		{&types.InstanceState{Name: "running"}, discovery.StateRunning, "running"},
		{&types.InstanceState{Code: aws.Int32(32), Name: "shutting-down"}, discovery.StateStopping, "shutting-down"},
		{&types.InstanceState{Code: aws.Int32(48), Name: "terminated"}, discovery.StateTerminated, "terminated"},
		{&types.InstanceState{Code: aws.Int32(64), Name: "stopping"}, discovery.StateStopping, "stopping"},
		{&types.InstanceState{Code: aws.Int32(80), Name: "stopped"}, discovery.StateStopped, "stopped"},
		{&types.InstanceState{Code: aws.Int32(96), Name: "dreaming"}, discovery.StateUnknown, "dreaming"},
		{&types.InstanceState{Name: "dreaming"}, discovery.StateUnknown, "dreaming"},
	} {
		if state, word := machineState(test.state); state != test.want || word != test.word {
			t.Errorf("%+v is %s %q, want %s %q", test.state, state, word, test.want, test.word)
		}
	}
}

func TestDatabaseState(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]discovery.State{
		"":                             discovery.StateUnknown,
		"available":                    discovery.StateRunning,
		"creating":                     discovery.StatePending,
		"starting":                     discovery.StatePending,
		"stopping":                     discovery.StateStopping,
		"deleting":                     discovery.StateStopping,
		"stopped":                      discovery.StateStopped,
		"backing-up":                   discovery.StateMaintenance,
		"modifying":                    discovery.StateMaintenance,
		"configuring-log-exports":      discovery.StateMaintenance,
		"configuring-what-is-to-come":  discovery.StateMaintenance,
		"storage-full":                 discovery.StateFailed,
		"failed":                       discovery.StateFailed,
		"incompatible-network":         discovery.StateFailed,
		"incompatible-what-is-to-come": discovery.StateFailed,
		"inaccessible-encryption-credentials-recoverable": discovery.StateFailed,
		"dreaming": discovery.StateUnknown,
	} {
		if got := databaseState(word); got != want {
			t.Errorf("%q is %s, want %s", word, got, want)
		}
	}
}
