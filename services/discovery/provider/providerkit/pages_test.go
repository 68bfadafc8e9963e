package providerkit_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func TestEachPage(t *testing.T) {
	t.Parallel()
	errDenied := errors.New("denied")
	for name, test := range map[string]struct {
		// next has the next tokens of the pages, in order.
		next []string
		fail error
		want []string
		err  string
	}{
		"one_page":     {next: []string{""}, want: []string{""}},
		"three_pages":  {next: []string{"a", "b", ""}, want: []string{"", "a", "b"}},
		"same_token":   {next: []string{"a", "a", "a", "a"}, want: []string{"", "a"}, err: "EC2 in here returned the same page token twice"},
		"loop_of_two":  {next: []string{"a", "b", "a", "b", "a"}, want: []string{"", "a", "b"}, err: "same page token twice"},
		"failing_page": {next: []string{"a"}, fail: errDenied, want: []string{"", "a"}, err: "denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var read []string
			err := providerkit.EachPage("EC2 in here", func(token string) (string, error) {
				read = append(read, token)
				if len(read) > len(test.next) {
					return "", test.fail
				}
				return test.next[len(read)-1], nil
			})
			if !slices.Equal(read, test.want) {
				t.Errorf("read the pages %q, want %q", read, test.want)
			}
			if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("got the error %v, want %q", err, test.err)
			}
			if f := provider.FaultOf(err); test.fail == nil && err != nil && (f.Reason != fault.ReasonInternal || f.Retryable || f.Remedy == "") {
				t.Errorf("got the fault %+v", f)
			}
		})
	}
}
