package discovery

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func TestIsStale(t *testing.T) {
	t.Parallel()
	stale := fault.New(fault.KindAborted, fault.ReasonStaleObservation, "a newer observation is stored")
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"nil":                        {nil, false},
		"no fault":                   {errors.New("stale"), false},
		"another fault":              {fault.New(fault.KindAborted, fault.ReasonRunLost, "lost"), false},
		"stale":                      {stale, true},
		"wrapped":                    {fmt.Errorf("send: %w", stale), true},
		"the cause of another fault": {fault.ForReason(fault.ReasonInternal, "not stored", "", fmt.Errorf("send: %w", stale)), true},
	} {
		if got := IsStale(test.err); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
