package grpc

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// stalled is the stream of a reader that takes nothing.
type stalled struct {
	grpc.ServerStreamingServer[inventoryv1.ExportInstancesResponse]
	ctx context.Context
}

func (s stalled) Send(*inventoryv1.ExportInstancesResponse) error {
	<-s.ctx.Done()
	return s.ctx.Err()
}

// A reader that takes nothing is given up, however much is ready for it.
func TestAnExportGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		e := export{messages: make(chan *inventoryv1.ExportInstancesResponse, 1), ended: make(chan error, 1)}
		go func() { e.ended <- e.send(stalled{ctx: ctx}) }()
		began := time.Now()
		var err error
		for err == nil {
			err = e.begin(ctx, inventory.Freshness{})
		}
		if fault.ReasonOf(err) != fault.ReasonExportTooSlow || time.Since(began) != exportPatience {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
		if err := e.await(); fault.ReasonOf(err) != fault.ReasonExportTooSlow {
			t.Errorf("at the end: %v", err)
		}
		close(e.messages)
		cancel() // as the end of the call does
		synctest.Wait()
		if err := <-e.ended; err == nil {
			t.Error("the stream took what it never took")
		}
	})
}
