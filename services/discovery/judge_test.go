package discovery

import "testing"

// What a verb means for an instance in each state.
func TestJudge(t *testing.T) {
	t.Parallel()
	for state, want := range map[State][3]judgement{ // start, stop of a machine; start of a database
		StateRunning:     {alreadySo, mustCall, alreadySo},
		StateStopped:     {mustCall, alreadySo, mustCall},
		StatePending:     {onItsWay, notNow, onItsWay},
		StateStopping:    {notNow, onItsWay, notNow},
		StateSuspended:   {mustCall, mustCall, mustCall},
		StateMaintenance: {notNow, notNow, alreadySo},
		StateTerminated:  {notNow, notNow, notNow},
		StateUnknown:     {mustCall, mustCall, mustCall},
	} {
		got := [3]judgement{judge(Start, VirtualMachine, state), judge(Stop, VirtualMachine, state), judge(Start, Database, state)}
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
		if got := test.protection.check(Stop, test.labels); (got != nil) != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
