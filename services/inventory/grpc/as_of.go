package grpc

import (
	"time"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// fromAsOf returns the time that a request is about; zero if it is unset.
func fromAsOf(t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if at := fromTime(t); !at.IsZero() {
		return at, nil
	}
	return time.Time{}, fault.Invalid("as_of", "is not a time")
}

func toGaps(gaps []inventory.Gap) []*inventoryv1.ObservationGap {
	messages := make([]*inventoryv1.ObservationGap, len(gaps))
	for n, gap := range gaps {
		messages[n] = &inventoryv1.ObservationGap{
			Scope: gap.Scope.String(), StartTime: toTime(gap.Start), EndTime: toTime(gap.End), Reason: gap.Reason, Error: gap.Error,
		}
	}
	return messages
}
