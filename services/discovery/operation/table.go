package operation

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/cloud"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// observation names what a worker has found out about a target.
type observation string

// The observations.
const (
	// admitted: the operation may work on the instance.
	admitted observation = "admitted"
	// unreachable: the cloud, or the inventory, can't answer at the moment.
	unreachable observation = "unreachable"
	// refused: Rollcall, the cloud or the state of the instance forbids the call, the
	// cloud refused it, or took it and failed.
	refused observation = "refused"
	// ready: the instance is in the wanted state.
	ready observation = "ready"
	// unfinished: the instance is not in the wanted state yet, and needs no call.
	unfinished observation = "unfinished"
	// callable: the instance needs a call, and nothing forbids it.
	callable observation = "callable"
	// shared: the call that was made for another target of the operation covers it.
	shared observation = "shared"
	// taken: the cloud took the call.
	taken observation = "taken"
	// doubtful: nobody knows yet whether the cloud took the call.
	doubtful observation = "doubtful"
	// postponed: the cloud did not take the call, and may take another one soon.
	postponed observation = "postponed"
	// untaken: the cloud shows that it did not take the call, or shows no trace of it for
	// a long time.
	untaken observation = "untaken"
	// cancelled: someone cancelled the operation, and no call is out.
	cancelled observation = "cancelled"
	// unprovable: the work ends, and nobody knows whether the cloud took the call.
	unprovable observation = "unprovable"
	// expired: the time of the operation is over.
	expired observation = "expired"
)

// action names what a worker does next about a target.
type action string

// The actions.
const (
	// check stores CHECKING, and asks the cloud about the instance.
	check action = "check"
	// repeat observes again after a pause that grows.
	repeat action = "repeat"
	// backOff stores CHECKING, and asks the cloud again after a pause that grows.
	backOff action = "back off"
	// call stores CALLED, and then makes the one call.
	call action = "call"
	// poll observes again after a short pause.
	poll action = "poll"
	// watch stores WAITING, and polls.
	watch action = "watch"
	// The last four store the last state.
	succeed action = "succeed"
	fail    action = "fail"
	cancel  action = "cancel"
	giveUp  action = "give up"
	// none: the target has ended.
	none action = "none"
	// defect: the observation can't be made in the state.
	defect action = "defect"
)

// row has the action for each state that is not the last one.
type row struct{ pending, checking, called, waiting action }

// table has a row for each observation. It is the life of a target:
//
//	PENDING ─▶ CHECKING ─▶ CALLED ─▶ WAITING ─▶ SUCCEEDED, FAILED, CANCELLED, UNKNOWN
//	              ▲ ask       │ call     poll
//	              └───────────┘ the cloud did not take it
//
// A call that may be out is never followed by another one before the cloud has shown
// that it did not take the first (untaken, postponed).
var table = map[observation]row{
	//            PENDING  CHECKING CALLED   WAITING
	admitted:    {check, defect, defect, defect},
	unreachable: {repeat, repeat, repeat, repeat},
	refused:     {fail, fail, fail, fail},
	ready:       {defect, succeed, defect, succeed},
	unfinished:  {defect, watch, defect, poll},
	callable:    {defect, call, defect, defect},
	shared:      {defect, watch, defect, defect},
	taken:       {defect, defect, watch, defect},
	doubtful:    {defect, defect, poll, defect},
	postponed:   {defect, defect, backOff, defect},
	untaken:     {defect, defect, check, defect},
	cancelled:   {cancel, cancel, cancel, defect},
	unprovable:  {defect, giveUp, giveUp, defect},
	expired:     {fail, fail, giveUp, giveUp},
}

// nextAction returns what to do about a target in a state after an observation.
func nextAction(state TargetState, seen observation) action {
	actions, ok := table[seen]
	if !ok {
		actions = row{defect, defect, defect, defect}
	}
	switch state {
	case TargetPending:
		return actions.pending
	case TargetChecking:
		return actions.checking
	case TargetCalled:
		return actions.called
	case TargetWaiting:
		return actions.waiting
	case TargetSucceeded, TargetFailed, TargetCancelled, TargetUnknown:
		return none
	}
	return defect
}

// observeState returns what the state of an instance means for a verb. It is the only
// rule about states that is Rollcall's own; the rules of a cloud belong to its Operator.
func observeState(verb provider.Verb, kind cloud.Kind, state provider.State) observation {
	start, stop := verb == provider.Start, verb == provider.Stop
	switch state {
	case provider.StateRunning:
		return choose(start, ready, callable)
	case provider.StateStopped:
		return choose(stop, ready, callable)
	case provider.StatePending:
		return choose(start, unfinished, refused)
	case provider.StateStopping:
		return choose(stop, unfinished, refused)
	case provider.StateMaintenance:
		// A database is up during maintenance; a machine may not be.
		return choose(start && kind == cloud.Database, ready, refused)
	case provider.StateTerminated:
		return refused
	case provider.StateSuspended, provider.StateFailed, provider.StateUnknown:
	}
	return callable // The cloud decides.
}

func choose(condition bool, yes, no observation) observation {
	if condition {
		return yes
	}
	return no
}

// observeCheck returns what an assessment before the call means. An obstacle counts only
// if a call is needed.
func observeCheck(verb provider.Verb, kind cloud.Kind, a *provider.Assessment) (observation, *fault.Error) {
	seen := observeState(verb, kind, a.Instance.State)
	switch {
	case seen == ready, seen == unfinished:
		return seen, nil
	case a.Obstacle != nil:
		return refused, a.Obstacle
	case seen == refused:
		return refused, wrongState(verb, a.Instance.State, a.Instance.ProviderState)
	}
	return seen, nil
}

const (
	// doubtPolls is how many polls at least must show an instance unchanged before a call
	// is repeated.
	doubtPolls = 3
	// maxCalls is how many calls are made for one target, each after the first because
	// the one before was not taken.
	maxCalls = 8
)

// callFacts describe a call that the cloud may have taken.
type callFacts struct {
	// effect of the call, as the cloud shows it.
	effect provider.Effect
	// seen is the observation of the state of the instance.
	seen observation
	// age is the time since the call, and doubt how long it must be watched.
	age, doubt time.Duration
	// polls counts the polls since the call, and calls the calls for the target.
	polls, calls int
	cancelled    bool
}

// observeCall returns what the facts about a call mean.
func observeCall(f callFacts) observation {
	proven := f.effect == provider.NotTaken
	switch {
	case f.effect == provider.Taken, f.seen == ready, f.seen == unfinished:
		return taken
	case !proven && (f.polls < doubtPolls || f.age < f.doubt):
		return doubtful
	case f.cancelled && !proven:
		return unprovable
	case f.cancelled:
		return cancelled
	case f.calls >= maxCalls:
		return refused
	}
	return untaken
}

// fallbackPolls is how many polls in a row must show an instance in its old state, after
// it was seen to move, before the cloud is considered to have given up.
const fallbackPolls = 3

// movement summarizes the polls of a waiting target.
type movement struct {
	// moved reports that the instance was seen on its way.
	moved bool
	// back counts the last polls in a row that showed it in its old state after that.
	back int
}

// observeWait returns what a poll of a waiting target means, given the observation of the
// instance's state, and whether the cloud is still busy with it.
func (m *movement) observeWait(seen observation, busy bool) observation {
	switch {
	case seen == ready && !busy:
		return ready
	case seen == ready, seen == unfinished:
		m.moved, m.back = true, 0
	case m.moved:
		m.back++
	}
	return choose(m.back >= fallbackPolls, refused, unfinished)
}

// observeFailure returns whether a failed observation is repeated. If a call may be out,
// it always is, until the time of the operation is over.
func observeFailure(state TargetState, refusal *fault.Error, failures, limit int) observation {
	return choose(state.MayBeCalled() || mayPass(refusal, failures < limit), unreachable, refused)
}

// unsentRetries multiplies the tries of a call that never left this machine.
const unsentRetries = 5

// observeNotTaken returns whether a call is repeated that the cloud did not take.
func observeNotTaken(refusal *fault.Error, unsent bool, failures, calls, limit int) observation {
	if unsent {
		limit *= unsentRetries
	}
	return choose(mayPass(refusal, failures < limit && calls < maxCalls), postponed, refused)
}

// mayPass reports whether the reason of a refusal may pass soon. Throttling does always,
// other reasons only while tries are left. A lack of capacity does not count: it lasts,
// and the requester may know a better remedy.
func mayPass(refusal *fault.Error, triesLeft bool) bool {
	if refusal == nil || !refusal.Retryable {
		return false
	}
	switch refusal.Reason {
	case fault.ReasonThrottled:
		return true
	case fault.ReasonUnreachable, fault.ReasonInternal:
		return triesLeft
	}
	return false
}

// restartSlack is how much earlier than announced a cloud may start an instance by itself.
const restartSlack = time.Hour

// startedByItself reports whether a kept instance that runs was started by the cloud, and
// not by a person.
func startedByItself(now, autoRestart time.Time) bool {
	return !autoRestart.IsZero() && !now.Before(autoRestart.Add(-restartSlack))
}
