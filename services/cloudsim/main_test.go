package cloudsim_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newClock returns a world's clock that only the test moves.
func newClock() *cloudsim.ManualClock {
	return cloudsim.NewManualClock(time.Date(2026, time.February, 3, 4, 5, 6, 0, time.UTC))
}
