package sync

import (
	"context"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

// scopeSink is the provider.Sink of one scope: it counts instances, refuses listings that never
// end, and sends the pages to the inventory.
type scopeSink struct {
	progress *progress
	index    int
	guard    *providerkit.PaginationGuard
	send     func([]provider.Instance) error
}

// newSink returns the sink that fills a snapshot.
func (r *accountReader) newSink(ctx context.Context, index int, snapshot Snapshot) *scopeSink {
	return &scopeSink{progress: r.progress, index: index, guard: providerkit.NewPaginationGuard(), send: func(instances []provider.Instance) error {
		return inventoryError(ctx, snapshot.Send(instances))
	}}
}

// Page takes some instances.
func (s *scopeSink) Page(_ context.Context, instances []provider.Instance) error {
	if err := s.guard.Page(instances); err != nil {
		return err
	}
	if len(instances) > 0 {
		if err := s.send(instances); err != nil {
			return err
		}
	}
	s.progress.update(s.index, func(r *ScopeResult) { r.InstancesSeen = s.guard.Sent() })
	return nil
}

// Called counts one request.
func (s *scopeSink) Called(throttled bool) { s.progress.countCall(s.index, throttled) }
