package grpc

import (
	"context"
	"time"

	"google.golang.org/grpc"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
)

// WatchSyncRun streams a run until it has ended. Another process may be running it, so its
// revision is read periodically: one row by its key.
func (s *discoveryServer) WatchSyncRun(req *discoveryv1.WatchSyncRunRequest, stream grpc.ServerStreamingServer[discoveryv1.WatchSyncRunResponse]) error {
	id := runID(req.GetName())
	tick := time.NewTicker(s.watchEvery)
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
		case <-s.stopping:
			return errStopping("watch")
		case <-tick.C:
		}
	}
}

// sendIfNewer sends the run if it has changed since the revision that was sent last, and reports
// whether it has ended.
func (s *discoveryServer) sendIfNewer(
	ctx context.Context, id string, sent int64, send func(*discoveryv1.WatchSyncRunResponse) error,
) (revision int64, ended bool, err error) {
	revision, err = s.runs.Revision(ctx, id)
	if err != nil || revision == sent {
		return sent, false, err
	}
	run, err := s.runs.Run(ctx, id)
	if err != nil {
		return sent, false, err
	}
	err = send(&discoveryv1.WatchSyncRunResponse{SyncRun: syncRun(run)})
	return run.Revision, run.State.Ended(), err
}
