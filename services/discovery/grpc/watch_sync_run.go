package grpc

import (
	"context"
	"time"

	"google.golang.org/grpc"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// WatchSyncRun follows one run until it has ended. The run may be worked by
// another process, so its revision is asked for: one row by its key.
func (s *server) WatchSyncRun(req *discoveryv1.WatchSyncRunRequest, stream grpc.ServerStreamingServer[discoveryv1.WatchSyncRunResponse]) error {
	id := runID(req.GetName())
	tick := time.NewTicker(s.WatchEvery)
	defer tick.Stop()
	for sent := int64(0); ; {
		revision, ended, err := s.sendIfNewer(stream.Context(), id, sent, stream.Send)
		if err != nil || ended {
			return err
		}
		sent = revision
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-s.Stopping:
			return fault.New(fault.KindUnavailable, "STOPPING", "discovery is stopping; watch again")
		case <-tick.C:
		}
	}
}

// sendIfNewer sends the run when it has changed since the revision that was sent
// last, and tells whether it has ended.
func (s *server) sendIfNewer(
	ctx context.Context, id string, sent int64, send func(*discoveryv1.WatchSyncRunResponse) error,
) (revision int64, ended bool, err error) {
	revision, err = s.Runs.Revision(ctx, id)
	if err != nil || revision == sent {
		return sent, false, err
	}
	run, err := s.Runs.Run(ctx, id)
	if err != nil {
		return sent, false, err
	}
	err = send(&discoveryv1.WatchSyncRunResponse{SyncRun: syncRun(run)})
	return run.Revision, run.State.Ended(), err
}
