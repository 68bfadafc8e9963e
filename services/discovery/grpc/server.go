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

// Runs stores sync runs.
type Runs interface {
	// QueueRun queues a run of an account, or returns the one that is queued or running.
	QueueRun(ctx context.Context, account string, trigger sync.Trigger) (*sync.Run, error)
	// Run returns a run with its scopes, or NotFound.
	Run(ctx context.Context, id string) (*sync.Run, error)
	// Revision returns the revision of a run, which grows with every change.
	Revision(ctx context.Context, id string) (int64, error)
	// Runs returns one page of runs without their scopes, newest first.
	Runs(ctx context.Context, filter, token string, size int) (runs []*sync.Run, next string, err error)
}

// Accounts is the accounts service.
type Accounts interface {
	// Account returns an account, or NotFound.
	Account(ctx context.Context, id string) (provider.Account, error)
}

// Verifier verifies credentials.
type Verifier interface {
	// Verify verifies those of an account, or returns NotFound.
	Verify(ctx context.Context, account string) (*sync.Verification, error)
}

// Lifecycle accepts requests to start and stop instances.
type Lifecycle interface {
	// Submit stores and queues an operation. With ValidateOnly it returns the plan.
	Submit(ctx context.Context, request operation.Request) (*operation.Operation, error)
}

// Operations stores operations and the audit.
type Operations interface {
	// Operation returns an operation with its targets, or NotFound.
	Operation(ctx context.Context, id string) (*operation.Operation, error)
	// OperationSince returns an operation with the targets that changed after a revision.
	OperationSince(ctx context.Context, id string, revision int64) (*operation.Operation, error)
	// OperationRevision returns the revision of an operation, which grows with every change.
	OperationRevision(ctx context.Context, id string) (revision int64, ended bool, err error)
	// Operations returns one page of operations without their targets, newest first.
	Operations(ctx context.Context, filter, token string, size int) (operations []*operation.Operation, next string, err error)
	// CancelOperation cancels an operation, and adds an audit entry.
	CancelOperation(ctx context.Context, id string, entry operation.AuditEntry) error
	// DeleteOperation deletes an operation that has ended, and adds an audit entry.
	DeleteOperation(ctx context.Context, id string, entry operation.AuditEntry) error
	// AuditEntries returns one page of the audit, newest first.
	AuditEntries(ctx context.Context, filter, token string, size int) (entries []*operation.AuditEntry, next string, err error)
	// ExportAudit calls send with all entries, oldest first.
	ExportAudit(ctx context.Context, filter string, send func(*operation.AuditEntry) error) error
}

// Options configure the services. All fields must be set.
type Options struct {
	Runs       Runs
	Accounts   Accounts
	Verifier   Verifier
	Lifecycle  Lifecycle
	Operations Operations
	// WatchEvery is how often a watched run or operation is read.
	WatchEvery time.Duration
	// Stopping ends streams, which would delay a graceful stop.
	Stopping <-chan struct{}
}

// Register returns a function that registers the services on a gRPC server.
func Register(options Options) func(grpc.ServiceRegistrar) {
	return func(r grpc.ServiceRegistrar) {
		discoveryv1.RegisterDiscoveryServiceServer(r, &discoveryServer{
			runs: options.Runs, accounts: options.Accounts, verifier: options.Verifier,
			watchEvery: options.WatchEvery, stopping: options.Stopping,
		})
		discoveryv1.RegisterLifecycleServiceServer(r, &lifecycleServer{lifecycle: options.Lifecycle})
		discoveryv1.RegisterAuditServiceServer(r, &auditServer{operations: options.Operations})
		operations := &operationServer{operations: options.Operations, watchEvery: options.WatchEvery, stopping: options.Stopping}
		discoveryv1.RegisterOperationServiceServer(r, operations)
		longrunningpb.RegisterOperationsServer(r, &longRunningServer{operations: operations})
	}
}

// discoveryServer is DiscoveryService.
type discoveryServer struct {
	discoveryv1.UnimplementedDiscoveryServiceServer
	runs       Runs
	accounts   Accounts
	verifier   Verifier
	watchEvery time.Duration
	stopping   <-chan struct{}
}

// lifecycleServer is LifecycleService.
type lifecycleServer struct {
	discoveryv1.UnimplementedLifecycleServiceServer
	lifecycle Lifecycle
}

// operationServer is OperationService.
type operationServer struct {
	discoveryv1.UnimplementedOperationServiceServer
	operations Operations
	watchEvery time.Duration
	stopping   <-chan struct{}
}

// auditServer is AuditService.
type auditServer struct {
	discoveryv1.UnimplementedAuditServiceServer
	operations Operations
}

// The page sizes of all lists.
const (
	defaultPage = 50
	maxPage     = 1000
)

// pageSize returns the size of a page that a request asks for.
func pageSize(requested int32) int {
	if requested == 0 {
		return defaultPage
	}
	return min(int(requested), maxPage)
}
