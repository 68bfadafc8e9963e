package grpc

import (
	"context"
	"time"

	"google.golang.org/grpc"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery"
)

// Runs holds the runs.
type Runs interface {
	// QueueRun queues a run of one account, or gives the one that is queued or
	// running already.
	QueueRun(ctx context.Context, account string, trigger discovery.Trigger) (*discovery.Run, error)
	// Run is one run with its scopes; NotFound when it is not there.
	Run(ctx context.Context, id string) (*discovery.Run, error)
	// Revision grows whenever the run changes.
	Revision(ctx context.Context, id string) (int64, error)
	// Runs is one page of runs without their scopes, newest first.
	Runs(ctx context.Context, filter, token string, size int) (runs []*discovery.Run, next string, err error)
}

// Accounts knows which accounts are on the roll.
type Accounts interface {
	// Account is one of them; NotFound when it is not.
	Account(ctx context.Context, id string) (discovery.Account, error)
}

// Verifier tries credentials.
type Verifier interface {
	// Verify tries those of one account; NotFound when it is not on the roll.
	Verify(ctx context.Context, account string) (*discovery.Verification, error)
}

// Options are what the service needs. All must be set.
type Options struct {
	Runs     Runs
	Accounts Accounts
	Verifier Verifier
	// WatchEvery is how often a watched run is looked at.
	WatchEvery time.Duration
	// Stopping ends watchers, which would hold up a graceful stop.
	Stopping <-chan struct{}
}

// server is the DiscoveryService.
type server struct {
	discoveryv1.UnimplementedDiscoveryServiceServer
	Options
}

// Register puts the service on a gRPC server.
func Register(options Options) func(grpc.ServiceRegistrar) {
	return func(r grpc.ServiceRegistrar) {
		discoveryv1.RegisterDiscoveryServiceServer(r, &server{Options: options})
	}
}
