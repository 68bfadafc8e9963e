package grpc

import (
	"context"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"

	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	"github.com/rollcall-dev/rollcall/services/discovery/operation"
	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/sync"
)

// Runs holds the runs.
type Runs interface {
	// QueueRun queues a run of one account, or gives the one that is queued or
	// running already.
	QueueRun(ctx context.Context, account string, trigger sync.Trigger) (*sync.Run, error)
	// Run is one run with its scopes; NotFound when it is not there.
	Run(ctx context.Context, id string) (*sync.Run, error)
	// Revision grows whenever the run changes.
	Revision(ctx context.Context, id string) (int64, error)
	// Runs is one page of runs without their scopes, newest first.
	Runs(ctx context.Context, filter, token string, size int) (runs []*sync.Run, next string, err error)
}

// Accounts knows which accounts are on the roll.
type Accounts interface {
	// Account is one of them; NotFound when it is not.
	Account(ctx context.Context, id string) (provider.Account, error)
}

// Verifier tries credentials.
type Verifier interface {
	// Verify tries those of one account; NotFound when it is not on the roll.
	Verify(ctx context.Context, account string) (*sync.Verification, error)
}

// Lifecycle accepts requests to start and stop instances.
type Lifecycle interface {
	// Submit stores and queues an operation. With ValidateOnly it returns the plan.
	Submit(ctx context.Context, request operation.Request) (*operation.Operation, error)
}

// Operations holds operations and the audit.
type Operations interface {
	// Operation is one operation with its targets, OperationSince with those that
	// changed after a revision of it; NotFound when it is not there.
	Operation(ctx context.Context, id string) (*operation.Operation, error)
	OperationSince(ctx context.Context, id string, revision int64) (*operation.Operation, error)
	// OperationRevision grows whenever the operation changes.
	OperationRevision(ctx context.Context, id string) (revision int64, ended bool, err error)
	// Operations is one page of operations without their targets, newest first.
	Operations(ctx context.Context, filter, token string, size int) (operations []*operation.Operation, next string, err error)
	// CancelOperation asks for one to end early; DeleteOperation forgets one that
	// has ended. The audit is told by the entry.
	CancelOperation(ctx context.Context, id string, entry operation.AuditEntry) error
	DeleteOperation(ctx context.Context, id string, entry operation.AuditEntry) error
	// AuditEntries is one page of the audit, newest first, and ExportAudit gives
	// all, oldest first.
	AuditEntries(ctx context.Context, filter, token string, size int) (entries []*operation.AuditEntry, next string, err error)
	ExportAudit(ctx context.Context, filter string, give func(*operation.AuditEntry) error) error
}

// Options are what the service needs. All must be set.
type Options struct {
	Runs     Runs
	Accounts Accounts
	Verifier Verifier
	// Lifecycle and Operations belong to starts and stops.
	Lifecycle  Lifecycle
	Operations Operations
	// WatchEvery is how often a watched run or operation is looked at.
	WatchEvery time.Duration
	// Stopping ends watchers, which would hold up a graceful stop.
	Stopping <-chan struct{}
}

// server is the DiscoveryService.
type server struct {
	discoveryv1.UnimplementedDiscoveryServiceServer
	Options
}

// Register puts the services on a gRPC server.
func Register(options Options) func(grpc.ServiceRegistrar) {
	return func(r grpc.ServiceRegistrar) {
		discoveryv1.RegisterDiscoveryServiceServer(r, &server{Options: options})
		discoveryv1.RegisterLifecycleServiceServer(r, &lifecycle{Options: options})
		discoveryv1.RegisterAuditServiceServer(r, &audit{Options: options})
		ours := &operations{Options: options}
		discoveryv1.RegisterOperationServiceServer(r, ours)
		longrunningpb.RegisterOperationsServer(r, &standard{operations: ours})
	}
}
