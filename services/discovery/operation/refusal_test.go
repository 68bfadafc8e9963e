package operation

import (
	"context"
	"errors"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func TestProtection(t *testing.T) {
	for name, test := range map[string]struct {
		protection Protection
		labels     map[string]string
		want       bool
	}{
		"no such label":  {Protection{Key: "keep"}, map[string]string{"other": "1"}, false},
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

func TestCheckEtag(t *testing.T) {
	for _, test := range []struct {
		wanted, found string
		refused       bool
	}{{"", "a", false}, {"a", "a", false}, {"a", "b", true}, {"a", "", true}} {
		if got := checkEtag(test.wanted, test.found); (got != nil) != test.refused {
			t.Errorf("%q for %q: %v", test.found, test.wanted, got)
		}
	}
}

func TestCheckWritable(t *testing.T) {
	if got := checkWritable(&provider.Account{}, provider.Stop); got != nil {
		t.Errorf("an account that is not read-only: %v", got)
	}
	if got := checkWritable(&provider.Account{ReadOnly: true}, provider.Stop); got == nil || got.Reason != fault.ReasonAccountReadOnly {
		t.Errorf("an account that is read-only: %v", got)
	}
}

func TestNotShown(t *testing.T) {
	failure := fault.ForReason(fault.ReasonThrottled, "slow down", "", nil).AsRetryable()
	for name, test := range map[string]struct {
		finding   provider.Finding
		reason    fault.Reason
		retryable bool
	}{
		"found":                     {provider.Finding{Evidence: provider.Found, Instance: &provider.Instance{}}, "", false},
		"found without an instance": {provider.Finding{Evidence: provider.Found}, fault.ReasonUnreachable, true},
		"not found":                 {provider.Finding{Evidence: provider.NotFound}, fault.ReasonNotFound, false},
		"not listed":                {provider.Finding{Evidence: provider.Unlisted}, fault.ReasonNotFound, false},
		"undecided":                 {provider.Finding{Evidence: provider.Undecided, Failure: failure}, fault.ReasonThrottled, true},
		"undecided without a cause": {provider.Finding{Evidence: provider.Undecided}, fault.ReasonUnreachable, true},
	} {
		got := notShown(&test.finding)
		if got == nil {
			got = &fault.Error{}
		}
		if got.Reason != test.reason || got.Retryable != test.retryable {
			t.Errorf("%s: %s, retryable %t", name, got.Reason, got.Retryable)
		}
	}
}

func TestRefusalOf(t *testing.T) {
	for name, test := range map[string]struct {
		err       error
		reason    fault.Reason
		retryable bool
	}{
		"a refusal":                {refuse(fault.ForReason(fault.ReasonProtected, "no", "", nil)), fault.ReasonProtected, false},
		"an account that is gone":  {fault.NotFound("accounts/a"), fault.ReasonNotFound, false},
		"a service that is away":   {fault.Unavailable("accounts", nil), fault.ReasonInternal, true},
		"a deadline":               {context.DeadlineExceeded, fault.ReasonUnreachable, true},
		"what nobody has expected": {errors.New("secret"), fault.ReasonInternal, true},
	} {
		got := refusalOf(test.err)
		if got.Reason != test.reason || got.Retryable != test.retryable || got.Message == "secret" {
			t.Errorf("%s: %s %q, retryable %t", name, got.Reason, got.Message, got.Retryable)
		}
	}
}

func TestErrTimeout(t *testing.T) {
	for state, retryable := range map[TargetState]bool{TargetPending: true, TargetChecking: true, TargetCalled: false, TargetWaiting: false} {
		if got := errTimeout(&Target{State: state}, provider.Stop); got.Reason != fault.ReasonTimeout || got.Retryable != retryable {
			t.Errorf("%s: %v, retryable %t", state, got, got.Retryable)
		}
	}
}
