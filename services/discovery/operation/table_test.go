package operation

import (
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// states lists all states of a target, in the order of the columns of wantActions.
var states = []TargetState{
	TargetPending, TargetChecking, TargetCalled, TargetWaiting,
	TargetSucceeded, TargetFailed, TargetCancelled, TargetUnknown,
}

// wantActions has the action for each pair of an observation and a state.
var wantActions = map[observation][]action{
	//            PENDING  CHECKING CALLED   WAITING  SUCCEEDED FAILED CANCELLED UNKNOWN
	admitted:    {check, defect, defect, defect, none, none, none, none},
	unreachable: {repeat, repeat, repeat, repeat, none, none, none, none},
	refused:     {fail, fail, fail, fail, none, none, none, none},
	ready:       {defect, succeed, defect, succeed, none, none, none, none},
	unfinished:  {defect, watch, defect, poll, none, none, none, none},
	callable:    {defect, call, defect, defect, none, none, none, none},
	shared:      {defect, watch, defect, defect, none, none, none, none},
	taken:       {defect, defect, watch, defect, none, none, none, none},
	doubtful:    {defect, defect, poll, defect, none, none, none, none},
	postponed:   {defect, defect, backOff, defect, none, none, none, none},
	untaken:     {defect, defect, check, defect, none, none, none, none},
	cancelled:   {cancel, cancel, cancel, defect, none, none, none, none},
	unprovable:  {defect, giveUp, giveUp, defect, none, none, none, none},
	expired:     {fail, fail, giveUp, giveUp, none, none, none, none},
}

func TestNextAction(t *testing.T) {
	for seen := range table {
		want, ok := wantActions[seen]
		if !ok || len(want) != len(states) {
			t.Errorf("the test lacks a pair of the observation %q and a state", seen)
			continue
		}
		for n, state := range states {
			if got := nextAction(state, seen); got != want[n] {
				t.Errorf("%s, %s: %s, want %s", state, seen, got, want[n])
			}
		}
	}
	if len(table) != len(wantActions) {
		t.Errorf("the table has %d observations, the test %d", len(table), len(wantActions))
	}
}

func TestNextAction_WhatIsNotInTheTable(t *testing.T) {
	if got := nextAction(TargetPending, "new"); got != defect {
		t.Errorf("an observation without a row: %s", got)
	}
	if got := nextAction("NEW", ready); got != defect {
		t.Errorf("a state without a column: %s", got)
	}
}

func TestObserveState(t *testing.T) {
	for state, want := range map[provider.State][4]observation{ // start and stop of a machine, start and stop of a database
		provider.StateRunning:     {ready, callable, ready, callable},
		provider.StateStopped:     {callable, ready, callable, ready},
		provider.StatePending:     {unfinished, refused, unfinished, refused},
		provider.StateStopping:    {refused, unfinished, refused, unfinished},
		provider.StateSuspended:   {callable, callable, callable, callable},
		provider.StateFailed:      {callable, callable, callable, callable},
		provider.StateMaintenance: {refused, refused, ready, refused},
		provider.StateTerminated:  {refused, refused, refused, refused},
		provider.StateUnknown:     {callable, callable, callable, callable},
	} {
		got := [4]observation{
			observeState(provider.Start, cloud.VirtualMachine, state), observeState(provider.Stop, cloud.VirtualMachine, state),
			observeState(provider.Start, cloud.Database, state), observeState(provider.Stop, cloud.Database, state),
		}
		if got != want {
			t.Errorf("%s: %v, want %v", state, got, want)
		}
	}
}

func TestObserveCheck(t *testing.T) {
	obstacle := fault.ForReason(fault.ReasonCantStopSpot, "spot", "", nil)
	for name, test := range map[string]struct {
		state    provider.State
		obstacle *fault.Error
		want     observation
		reason   fault.Reason
	}{
		"ready in spite of an obstacle":      {provider.StateStopped, obstacle, ready, ""},
		"unfinished in spite of an obstacle": {provider.StateStopping, obstacle, unfinished, ""},
		"obstacle":                           {provider.StateRunning, obstacle, refused, fault.ReasonCantStopSpot},
		"obstacle before the state":          {provider.StatePending, obstacle, refused, fault.ReasonCantStopSpot},
		"state":                              {provider.StatePending, nil, refused, fault.ReasonInvalidState},
		"terminated":                         {provider.StateTerminated, nil, refused, fault.ReasonTerminated},
		"callable":                           {provider.StateRunning, nil, callable, ""},
	} {
		assessment := &provider.Assessment{
			Finding: provider.Finding{Evidence: provider.Found, Instance: &provider.Instance{State: test.state}}, Obstacle: test.obstacle,
		}
		got, refusal := observeCheck(provider.Stop, cloud.VirtualMachine, assessment)
		reason := fault.Reason("")
		if refusal != nil {
			reason = refusal.Reason
		}
		if got != test.want || reason != test.reason {
			t.Errorf("%s: %s %s, want %s %s", name, got, reason, test.want, test.reason)
		}
	}
}

func TestObserveCall(t *testing.T) {
	const doubt = 20 * time.Second
	long := callFacts{effect: provider.InDoubt, seen: callable, age: time.Hour, doubt: doubt, polls: 100, calls: 1}
	with := func(change func(*callFacts)) callFacts {
		facts := long
		change(&facts)
		return facts
	}
	for name, test := range map[string]struct {
		facts callFacts
		want  observation
	}{
		"taken, as the cloud shows":      {with(func(f *callFacts) { f.effect = provider.Taken; f.age = 0; f.polls = 1 }), taken},
		"taken, as the state shows":      {with(func(f *callFacts) { f.seen = unfinished; f.age = 0; f.polls = 1 }), taken},
		"taken and done":                 {with(func(f *callFacts) { f.seen = ready; f.age = 0; f.polls = 1 }), taken},
		"in doubt":                       {with(func(f *callFacts) { f.age = doubt - 1 }), doubtful},
		"the doubt is over":              {with(func(f *callFacts) { f.age = doubt }), untaken},
		"old, and polled twice":          {with(func(f *callFacts) { f.polls = 2 }), doubtful},
		"old, and polled three times":    {with(func(f *callFacts) { f.polls = 3 }), untaken},
		"proven at the first poll":       {with(func(f *callFacts) { f.effect = provider.NotTaken; f.age = 0; f.polls = 1 }), untaken},
		"cancelled, and in doubt":        {with(func(f *callFacts) { f.cancelled = true; f.age = doubt - 1 }), doubtful},
		"cancelled, and never proven":    {with(func(f *callFacts) { f.cancelled = true }), unprovable},
		"cancelled, and proven":          {with(func(f *callFacts) { f.cancelled = true; f.effect = provider.NotTaken }), cancelled},
		"cancelled, and taken":           {with(func(f *callFacts) { f.cancelled = true; f.effect = provider.Taken }), taken},
		"called as often as is allowed":  {with(func(f *callFacts) { f.calls = maxCalls }), refused},
		"called once less than that":     {with(func(f *callFacts) { f.calls = maxCalls - 1 }), untaken},
		"cancelled at the last call":     {with(func(f *callFacts) { f.calls = maxCalls; f.cancelled = true }), unprovable},
		"the last call, and still doubt": {with(func(f *callFacts) { f.calls = maxCalls; f.age = 0 }), doubtful},
	} {
		if got := observeCall(test.facts); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	if limits := DefaultLimits(); limits.Doubt != doubt {
		t.Errorf("a call is in doubt for %v", limits.Doubt)
	}
}

func TestObserveWait(t *testing.T) {
	type poll struct {
		seen observation
		busy bool
	}
	for name, test := range map[string]struct {
		moved bool
		polls []poll
		want  observation // of the last poll; all others are unfinished
	}{
		"ready":                        {false, []poll{{seen: ready}}, ready},
		"ready, and the cloud is busy": {false, []poll{{seen: ready, busy: true}}, unfinished},
		"on its way":                   {false, []poll{{seen: unfinished}}, unfinished},
		"never moved": {
			false, []poll{{seen: callable}, {seen: callable}, {seen: callable}, {seen: callable}, {seen: callable}}, unfinished,
		},
		"back for two polls":                  {true, []poll{{seen: callable}, {seen: callable}}, unfinished},
		"back for three polls":                {true, []poll{{seen: callable}, {seen: callable}, {seen: callable}}, refused},
		"back after it moved":                 {false, []poll{{seen: unfinished}, {seen: callable}, {seen: callable}, {seen: callable}}, refused},
		"moved again after two polls":         {true, []poll{{seen: callable}, {seen: callable}, {seen: unfinished}, {seen: callable}}, unfinished},
		"ready after two polls that were not": {true, []poll{{seen: callable}, {seen: callable}, {seen: ready}}, ready},
	} {
		m := movement{moved: test.moved}
		for n, poll := range test.polls {
			want := unfinished
			if n == len(test.polls)-1 {
				want = test.want
			}
			if got := m.observeWait(poll.seen, poll.busy); got != want {
				t.Errorf("%s, poll %d: %s, want %s", name, n, got, want)
			}
		}
	}
}

func TestObserveFailure(t *testing.T) {
	passing := fault.ForReason(fault.ReasonUnreachable, "away", "", nil).AsRetryable()
	lasting := fault.ForReason(fault.ReasonPermissionDenied, "denied", "", nil)
	throttled := fault.ForReason(fault.ReasonThrottled, "slow down", "", nil).AsRetryable()
	capacity := fault.ForReason(fault.ReasonInsufficientCapacity, "no machine", "", nil).AsRetryable()
	own := fault.ForReason(fault.ReasonInternal, "a defect", "", nil)
	const limit = 7
	for name, test := range map[string]struct {
		state    TargetState
		refusal  *fault.Error
		failures int
		want     observation
	}{
		"passes":                       {TargetChecking, passing, 1, unreachable},
		"passes, and the last but one": {TargetChecking, passing, limit - 1, unreachable},
		"passes, and was the last":     {TargetChecking, passing, limit, refused},
		"throttled for ever":           {TargetChecking, throttled, 100 * limit, unreachable},
		"lasts":                        {TargetChecking, lasting, 1, refused},
		"lasts, before the check":      {TargetPending, lasting, 1, refused},
		"a lack of capacity lasts":     {TargetChecking, capacity, 1, refused},
		"an own defect lasts":          {TargetChecking, own, 1, refused},
		"no reason":                    {TargetChecking, nil, 1, refused},
		"a call may be out":            {TargetCalled, lasting, 100 * limit, unreachable},
		"a call is out":                {TargetWaiting, lasting, 100 * limit, unreachable},
	} {
		if got := observeFailure(test.state, test.refusal, test.failures, limit); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestObserveNotTaken(t *testing.T) {
	passing := fault.ForReason(fault.ReasonUnreachable, "away", "", nil).AsRetryable()
	throttled := fault.ForReason(fault.ReasonThrottled, "slow down", "", nil).AsRetryable()
	lasting := fault.ForReason(fault.ReasonInsufficientCapacity, "no machine", "", nil).AsRetryable()
	const limit = 7
	for name, test := range map[string]struct {
		refusal         *fault.Error
		unsent          bool
		failures, calls int
		want            observation
	}{
		"passes":                            {passing, false, 1, 1, postponed},
		"passes, and was the last try":      {passing, false, limit, 1, refused},
		"never sent, and tried more often":  {passing, true, limit, 0, postponed},
		"never sent, and was the last try":  {passing, true, limit * unsentRetries, 0, refused},
		"called as often as is allowed":     {passing, false, 1, maxCalls, refused},
		"throttled for ever":                {throttled, false, 100, 100, postponed},
		"a lack of capacity is not retried": {lasting, false, 1, 1, refused},
	} {
		if got := observeNotTaken(test.refusal, test.unsent, test.failures, test.calls, limit); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestStartedByItself(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		autoRestart time.Time
		want        bool
	}{
		"not known":                       {time.Time{}, false},
		"due an hour ago":                 {now.Add(-time.Hour), true},
		"due now":                         {now, true},
		"due in less than an hour":        {now.Add(restartSlack - 1), true},
		"due in exactly an hour":          {now.Add(restartSlack), true},
		"due in a little over an hour":    {now.Add(restartSlack + 1), false},
		"due in a day: a person did this": {now.Add(24 * time.Hour), false},
	} {
		if got := startedByItself(now, test.autoRestart); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}
