package operation

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// TestLook_Panic checks that a panic while an instance is polled becomes an internal failure and is logged.
func TestLook_Panic(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	_, err := look(t.Context(), &place{places: &places{logger: logger, Conductor: &Conductor{Operations: numbers{}, Limits: OperationLimits{Look: time.Minute}}}},
		func(context.Context) ([]provider.Progress, error) { panic("look") })
	failure := provider.FaultOf(err)
	if err == nil || failure.Reason != fault.ReasonInternal || !provider.IsOwnFault(failure) || !strings.Contains(log.String(), "panic=look") || strings.Contains(failure.Message, "panic") {
		t.Errorf("%v; log:\n%s", err, log.String())
	}
}

// numbers numbers observations.
type numbers struct{ Operations }

func (numbers) NextToken(context.Context) (int64, error) { return 1, nil }
