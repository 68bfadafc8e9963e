package fault

import (
	"testing"

	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
)

func TestReasons_AreThoseOfTheAPI(t *testing.T) {
	for number, name := range commonv1.ErrorReason_name {
		if _, ok := classes[Reason(name)]; !ok && number != 0 {
			t.Errorf("%s of rollcall.common.v1.ErrorReason has no row in the table of reasons", name)
		}
	}
	for reason := range classes {
		if _, ok := commonv1.ErrorReason_value[string(reason)]; !ok {
			t.Errorf("%s is not a value of rollcall.common.v1.ErrorReason", reason)
		}
	}
}
