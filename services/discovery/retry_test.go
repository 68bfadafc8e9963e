package discovery

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

func TestRetry(t *testing.T) {
	for name, test := range map[string]struct {
		err   error
		tries int
	}{
		"success":                  {nil, 1},
		"a service that is away":   {fault.Unavailable("the store", nil), 3},
		"a conflict":               {fault.New(fault.KindAborted, fault.ReasonConflict, "conflict"), 3},
		"a conflict, and no more":  {fault.New(fault.KindAborted, "", "conflict"), 3},
		"a run that is lost":       {fault.New(fault.KindAborted, fault.ReasonRunLost, "lost"), 1},
		"a report that is stale":   {fault.New(fault.KindAborted, fault.ReasonStaleReport, "stale"), 1},
		"an operation that's lost": {fault.New(fault.KindAborted, fault.ReasonOperationLost, "lost"), 1},
		"a cancelled operation":    {fault.New(fault.KindAborted, fault.ReasonOperationCancelled, "cancelled"), 1},
		"an instance in use":       {fault.New(fault.KindAborted, fault.ReasonOperationInProgress, "in progress"), 1},
		"what does not exist":      {fault.NotFound("syncRuns/x"), 1},
		"an invalid request":       {fault.Invalid("name", "is empty"), 1},
		"a defect":                 {errors.New("a defect"), 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			err := Retry(t.Context(), func(context.Context) error {
				if tries++; tries == 3 {
					return nil
				}
				return test.err
			})
			if tries != test.tries || test.tries == 1 && !errors.Is(err, test.err) || test.tries == 3 && err != nil {
				t.Errorf("%s: %v after %d tries, want %d", name, err, tries, test.tries)
			}
		})
	}
}

func TestRetry_EndsAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, away := time.Now(), fault.Unavailable("the store", nil)
		err := Retry(t.Context(), func(context.Context) error { return away })
		if took := time.Since(start); !errors.Is(err, away) || took != time.Minute {
			t.Errorf("%v after %v", err, took)
		}
	})
}
