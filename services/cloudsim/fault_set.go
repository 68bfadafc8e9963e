package cloudsim

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// FaultSet holds the faults that hit one request.
type FaultSet []Fault

// Has reports whether the set has a fault of a kind.
func (s FaultSet) Has(kind FaultKind) bool {
	return slices.ContainsFunc(s, func(f Fault) bool { return f.Kind == kind })
}

// LeavesOut reports whether a list omits the resource with an id.
func (s FaultSet) LeavesOut(id string) bool { return s.Has(Incomplete) && Hash(id)%2 == 0 }

// Delay waits for the latency and for the Slow faults. It returns false if no response is to be
// sent: because of a Drop or Hang fault, or because ctx ended.
func (s FaultSet) Delay(ctx context.Context, latency time.Duration) bool {
	for _, fault := range s {
		switch fault.Kind {
		case Drop:
			return false
		case Hang:
			<-ctx.Done()
			return false
		case Slow:
			latency += fault.Delay
		}
	}
	return Wait(ctx, latency)
}

// Wait waits for a duration. It returns false if ctx ended first.
func Wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Lost reports whether the response to a call that was executed is not sent. For HangAfter it waits
// until ctx ends.
func (s FaultSet) Lost(ctx context.Context) bool {
	if s.Has(HangAfter) {
		<-ctx.Done()
		return true
	}
	return s.Has(LoseAnswer)
}

// NextToken returns the page token that ends a page: next, which is "" on the last page, unless a
// fault changes it. presented is the token of the request, and same a token that repeats the page.
func (s FaultSet) NextToken(presented, next, same string) string {
	switch {
	case s.Has(LastPage):
		return ""
	case s.Has(RepeatToken):
		return cmp.Or(presented, next)
	case s.Has(EndlessPages):
		return cmp.Or(next, same)
	default:
		return next
	}
}

// Truncated returns how many of the bytes of a response are sent, and whether the connection is
// closed after them.
func (s FaultSet) Truncated(length int) (n int, cut bool) { return length / 2, s.Has(Truncate) }
