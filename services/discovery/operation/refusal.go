package operation

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// refusedError is an error that concerns the target: a fault of the cloud or of the
// request. Faults of Rollcall's own stores are not refusals.
type refusedError struct{ refusal *fault.Error }

// Error returns the message.
func (e *refusedError) Error() string { return e.refusal.Message }

// Unwrap returns the fault.
func (e *refusedError) Unwrap() error { return e.refusal }

// refuse returns the error of a refusal.
func refuse(refusal *fault.Error) error { return &refusedError{refusal: refusal} }

// refuseByCloud returns the refusal of a provider's error; nil for nil.
func refuseByCloud(err error) error {
	if err == nil {
		return nil
	}
	return refuse(provider.ActionFault(provider.FaultOf(err)))
}

// asRefused returns the refusal in err's chain, if there is one.
func asRefused(err error) (*refusedError, bool) { return errors.AsType[*refusedError](err) }

// refusalOf returns the refusal that an error on the way to a cloud amounts to.
func refusalOf(err error) *fault.Error {
	if r, ok := asRefused(err); ok {
		return r.refusal
	}
	switch fault.KindOf(err) {
	case fault.KindNotFound:
		return fault.ForReason(fault.ReasonNotFound, err.Error(), "Register its account again.", err)
	case fault.KindUnavailable, fault.KindAborted:
		return fault.ForReason(fault.ReasonInternal, err.Error(), "Try again later.", err).AsRetryable()
	default:
		return provider.ActionFault(provider.FaultOf(err))
	}
}

// notShown returns the refusal of a finding that does not show the instance; nil if it
// does.
func notShown(finding *provider.Finding) *fault.Error {
	switch finding.Evidence {
	case provider.NotFound, provider.Unlisted:
		return fault.ForReason(fault.ReasonNotFound, "the cloud no longer has such an instance", "The next sync marks it as gone.", nil)
	case provider.Undecided:
		if finding.Failure != nil {
			return provider.ActionFault(finding.Failure)
		}
	case provider.Found:
		if finding.Instance != nil {
			return nil
		}
	}
	return fault.ForReason(fault.ReasonUnreachable, "the answer of the cloud does not show whether the instance exists", "", nil).AsRetryable()
}

// wrongState returns the refusal of a verb that the state does not allow.
func wrongState(verb provider.Verb, state provider.State, providerState string) *fault.Error {
	if state == provider.StateTerminated {
		return fault.ForReason(fault.ReasonTerminated, "it was deleted permanently", "", nil)
	}
	return fault.ForReason(fault.ReasonInvalidState,
		fmt.Sprintf("it is %s and can't be %s from there", stateText(state, providerState), verb.Done()),
		"Wait until the transition has ended, and try again.", nil).AsRetryable()
}

// stateText returns a state for people, followed by the cloud's own name of it if that
// differs.
func stateText(state provider.State, providerState string) string {
	text := strings.ToLower(string(state))
	if providerState == "" || strings.EqualFold(providerState, text) {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, providerState)
}

// Protection is the label that protects instances from being started and stopped.
type Protection struct {
	// Key of the label; "" for none.
	Key string
	// Value that it must have; "" for any.
	Value string
}

// check returns the refusal of an instance that has the label; nil if it has not.
func (p Protection) check(verb provider.Verb, labels map[string]string) *fault.Error {
	value, ok := labels[p.Key]
	if p.Key == "" || !ok || p.Value != "" && value != p.Value {
		return nil
	}
	return fault.ForReason(fault.ReasonProtected, fmt.Sprintf("it has the label %s=%s and must not be %s", p.Key, value, verb.Done()),
		"If the instance needs no protection, remove the label in the cloud. Rollcall reads the label there before each call.", nil)
}

// checkWritable returns the refusal of an account that is read-only; nil if it is not.
func checkWritable(account *provider.Account, verb provider.Verb) *fault.Error {
	if !account.ReadOnly {
		return nil
	}
	return fault.ForReason(fault.ReasonAccountReadOnly, fmt.Sprintf("accounts/%s is read-only: nothing in it is %s", account.ID, verb.Done()),
		"To allow it, set read_only of the account to false.", nil)
}

// checkEtag returns the refusal of an instance that has changed since the requester read
// it; nil if it has not, or if the request has no etag.
func checkEtag(wanted, found string) *fault.Error {
	if wanted == "" || wanted == found {
		return nil
	}
	return fault.ForReason(fault.ReasonEtagMismatch, fmt.Sprintf("it has changed since it was read with the etag %s; its etag is %s now", wanted, found),
		"Read it again and repeat the request with the new etag.", nil)
}

// errTimeout returns the refusal of a target that did not end in the operation's time.
func errTimeout(t *Target, verb provider.Verb) *fault.Error {
	if !t.State.MayBeCalled() {
		return fault.ForReason(fault.ReasonTimeout, "the time of the operation was over before the cloud was called", "Try again.", nil).AsRetryable()
	}
	return fault.ForReason(fault.ReasonTimeout,
		fmt.Sprintf("the cloud was called and has not %s it in the time of the operation; it is %s", verb.Done(), stateText(t.CurrentState, t.ProviderState)),
		"Check the instance: the cloud may still be working on it.", nil)
}

// errCancelled returns the refusal of a target whose operation was cancelled.
func errCancelled(message string) *fault.Error {
	return fault.ForReason(fault.ReasonCancelled, message, "", nil)
}

// refusalKinds lists the kinds of refusals that are returned to the caller at once, if
// they are not KindFailedPrecondition.
var refusalKinds = map[fault.Reason]fault.Kind{
	fault.ReasonInsufficientCapacity: fault.KindResourceExhausted,
	fault.ReasonQuotaExceeded:        fault.KindResourceExhausted,
	fault.ReasonThrottled:            fault.KindResourceExhausted,
	fault.ReasonPermissionDenied:     fault.KindPermissionDenied,
	fault.ReasonNotFound:             fault.KindNotFound,
	fault.ReasonUnreachable:          fault.KindUnavailable,
	fault.ReasonOperationInProgress:  fault.KindAborted,
	fault.ReasonEtagMismatch:         fault.KindAborted,
	fault.ReasonInternal:             fault.KindUnavailable,
	fault.ReasonTimeout:              fault.KindUnavailable,
}

// callerFault returns a refusal as the error of a request for one instance.
func callerFault(r *fault.Error, instance string) *fault.Error {
	kind, ok := refusalKinds[r.Reason]
	if !ok {
		kind = fault.KindFailedPrecondition
	}
	text := InstanceName(instance) + ": " + r.Message
	if r.Remedy != "" {
		text += ". " + r.Remedy
	}
	return fault.New(kind, r.Reason, "%s", text).With("name", InstanceName(instance)).
		With("remedy", r.Remedy).WithCause(errors.Unwrap(r))
}
