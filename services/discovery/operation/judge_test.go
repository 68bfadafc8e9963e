package operation

import (
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// What a verb means for an instance in each state.
func TestJudge(t *testing.T) {
	t.Parallel()
	for state, want := range map[provider.State][3]judgement{ // start, stop of a machine; start of a database
		provider.StateRunning:     {alreadySo, mustCall, alreadySo},
		provider.StateStopped:     {mustCall, alreadySo, mustCall},
		provider.StatePending:     {onItsWay, notNow, onItsWay},
		provider.StateStopping:    {notNow, onItsWay, notNow},
		provider.StateSuspended:   {mustCall, mustCall, mustCall},
		provider.StateMaintenance: {notNow, notNow, alreadySo},
		provider.StateTerminated:  {notNow, notNow, notNow},
		provider.StateUnknown:     {mustCall, mustCall, mustCall},
	} {
		got := [3]judgement{judge(provider.Start, provider.VirtualMachine, state), judge(provider.Stop, provider.VirtualMachine, state), judge(provider.Start, provider.Database, state)}
		if got != want {
			t.Errorf("%s: %v, want %v", state, got, want)
		}
	}
}

// The label protects by its key, or by its key and value.
func TestProtection(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		protection Protection
		labels     map[string]string
		want       bool
	}{
		"none":           {Protection{Key: "keep"}, map[string]string{"other": "1"}, false},
		"any value":      {Protection{Key: "keep"}, map[string]string{"keep": ""}, true},
		"the value":      {Protection{Key: "keep", Value: "yes"}, map[string]string{"keep": "yes"}, true},
		"another value":  {Protection{Key: "keep", Value: "yes"}, map[string]string{"keep": "no"}, false},
		"not configured": {Protection{}, map[string]string{"": "x"}, false},
	} {
		if got := test.protection.check(provider.Stop, test.labels); (got != nil) != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
