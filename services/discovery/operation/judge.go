package operation

import (
	"fmt"
	"strings"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// verdict on a start or stop, by the state that an instance is in.
type judgement int

const (
	// mustCall: the cloud is to be called.
	mustCall judgement = iota
	// alreadySo: it is in the wanted state.
	alreadySo
	// onItsWay: it will be in the wanted state without a call.
	onItsWay
	// notNow: its state does not allow it.
	notNow
)

// judge says what a verb means for an instance in this state. It is all that
// Rollcall decides by itself; the cloud's own rules are its Operator's.
func judge(verb provider.Verb, kind provider.Kind, state provider.State) judgement {
	switch state {
	case provider.StateRunning:
		return either(verb == provider.Start, alreadySo, mustCall)
	case provider.StateStopped:
		return either(verb == provider.Stop, alreadySo, mustCall)
	case provider.StatePending:
		return either(verb == provider.Start, onItsWay, notNow)
	case provider.StateStopping:
		return either(verb == provider.Stop, onItsWay, notNow)
	case provider.StateMaintenance:
		// A database is up meanwhile (StateMaintenance); a machine may not be.
		return either(verb == provider.Start && kind == provider.Database, alreadySo, notNow)
	case provider.StateTerminated:
		return notNow
	case provider.StateSuspended, provider.StateFailed, provider.StateUnknown:
	}
	return mustCall // The cloud knows better than we do.
}

func either(condition bool, yes, no judgement) judgement {
	if condition {
		return yes
	}
	return no
}

// wrongState is the refusal of a verb that a state does not allow.
func wrongState(verb provider.Verb, state provider.State, word string) *fault.Error {
	if state == provider.StateTerminated {
		return fault.ForReason(fault.ReasonTerminated, "it was deleted for good", "", nil)
	}
	r := fault.ForReason(fault.ReasonInvalidState, fmt.Sprintf("it is %s, from which it can't be %s", stateText(state, word), verb.Done()),
		"Wait until it is through with what it does, then ask again.", nil)
	return r.AsRetryable()
}

// stateText is a state in words, with the cloud's own behind it where that says
// more.
func stateText(state provider.State, word string) string {
	text := strings.ToLower(string(state))
	if word == "" || strings.EqualFold(word, text) {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, word)
}

// reached tells whether an instance in this state is where the verb ends.
func reached(verb provider.Verb, kind provider.Kind, state provider.State) bool {
	return judge(verb, kind, state) == alreadySo
}

// moved tells whether an instance in this state is on its way to where the verb
// ends, or there: somebody's call for it was taken.
func moved(verb provider.Verb, kind provider.Kind, state provider.State) bool {
	j := judge(verb, kind, state)
	return j == alreadySo || j == onItsWay
}

// retryable tells whether a call that was not taken is made again. Want of
// capacity is not: it lasts, and whoever asked may know a better remedy.
func retryable(r *fault.Error) bool {
	if r == nil || !r.Retryable {
		return false
	}
	return r.Reason == fault.ReasonThrottled || r.Reason == fault.ReasonUnreachable || r.Reason == fault.ReasonInternal
}

// Protection is the label that keeps instances from being started and stopped.
type Protection struct {
	// Key of the label; "" for none.
	Key string
	// Value that it must have; "" for any.
	Value string
}

// check refuses an instance that carries the label.
func (p Protection) check(verb provider.Verb, labels map[string]string) *fault.Error {
	value, there := labels[p.Key]
	if p.Key == "" || !there || p.Value != "" && value != p.Value {
		return nil
	}
	return fault.ForReason(fault.ReasonProtected, fmt.Sprintf("it carries the label %s=%s, and must not be %s", p.Key, value, verb.Done()),
		"Take the label off in the cloud, if that is meant; Rollcall looks at it as the cloud has it.", nil)
}

// readOnly refuses all of an account that is set read-only.
func readOnly(account *provider.Account, verb provider.Verb) *fault.Error {
	if !account.ReadOnly {
		return nil
	}
	return fault.ForReason(fault.ReasonAccountReadOnly, fmt.Sprintf("accounts/%s is set read-only: nothing in it is %s", account.ID, verb.Done()),
		"Set the account's read_only to false, if that is meant.", nil)
}
