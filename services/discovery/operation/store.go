package operation

import (
	"context"
	"time"
)

// Store stores operations and the audit. Many processes write to it at the
// same time. A write with a claim that has passed to another worker returns
// ErrOperationLost.
type Store interface {
	Tokens
	// CreateOperation stores an operation with its targets, a job and audit entries, all
	// or nothing. A target that another operation is working on is stored as failed, with
	// reason OPERATION_IN_PROGRESS; if the operation is not a batch, that is the error. If
	// an operation with the same request id exists, it is returned instead.
	CreateOperation(ctx context.Context, operation *Operation, left time.Duration, entries []AuditEntry) (*Operation, error)
	// OperationByRequest returns the operation of a request, or NotFound.
	OperationByRequest(ctx context.Context, requestID string) (*Operation, error)
	// Audit adds entries.
	Audit(ctx context.Context, entries ...AuditEntry) error

	// ClaimOperation gives a worker the lease on a queued operation, and returns the
	// operation with all its targets; NotFound if it is not queued.
	ClaimOperation(ctx context.Context, id, worker string, lease time.Duration) (Claim, *Operation, error)
	// RenewOperation renews the lease, and reports whether the operation was cancelled.
	RenewOperation(ctx context.Context, claim Claim, lease time.Duration) (cancelled bool, err error)
	// SaveTarget stores a target and audit entries. It returns ErrInProgress if another
	// operation holds what the target claims.
	SaveTarget(ctx context.Context, claim Claim, target *Target, entries ...AuditEntry) error
	// CallTarget stores that a call is about to be made, and when. It returns
	// ErrOperationCancelled if it must not be made.
	CallTarget(ctx context.Context, claim Claim, target *Target, entry AuditEntry) error
	// KeepStopped adds an instance to those that are stopped again when they start by
	// themselves.
	KeepStopped(ctx context.Context, claim Claim, target *Target, autoRestart time.Time) error
	// EndOperation ends an operation whose targets have all ended.
	EndOperation(ctx context.Context, claim Claim) error
	// ReleaseOperation queues an operation again, for another worker, after a while.
	ReleaseOperation(ctx context.Context, claim Claim, after time.Duration) error
}

// Tokens issues fencing tokens.
type Tokens interface {
	// NextToken returns a fencing token larger than any before.
	NextToken(ctx context.Context) (int64, error)
}

// KeptStoppedStore stores the instances that are kept stopped.
type KeptStoppedStore interface {
	// DueKeptStopped returns kept instances that were not checked for the given time, at
	// most limit of them. They are not returned again before that time is over.
	DueKeptStopped(ctx context.Context, every time.Duration, limit int) ([]KeptStopped, error)
	// UpdateKeptStopped stores when the cloud starts an instance by itself.
	UpdateKeptStopped(ctx context.Context, kept KeptStopped) error
	// ReleaseKeptStopped removes an instance, and adds an audit entry.
	ReleaseKeptStopped(ctx context.Context, kept KeptStopped, entry AuditEntry) error
	// ReapOperations queues operations whose worker is dead or whose job was lost, and
	// returns their ids.
	ReapOperations(ctx context.Context, lease time.Duration) ([]string, error)
	// PruneOperations deletes operations that ended long ago, and returns how many.
	PruneOperations(ctx context.Context, olderThan time.Duration) (int, error)
}
