package inventory

import (
	"context"

	"github.com/google/uuid"
)

// Reader answers questions about the inventory. Everything in one answer is of one moment.
type Reader interface {
	// GetInstance returns the instance with this UID, even if it is gone. Errors: NOT_FOUND, with the
	// scopes that could not be read as "unreachable"; FAILED_PRECONDITION with ReasonTooStale if
	// MaxStaleness can't be met; for AsOf as ListInstances.
	GetInstance(ctx context.Context, uid uuid.UUID, q GetQuery) (Instance, error)
	// LookupInstance returns the one instance with this value of a field. Errors: as GetInstance;
	// FAILED_PRECONDITION with ReasonAmbiguous if there are several, which it names.
	LookupInstance(ctx context.Context, key LookupKey, in LookupScope) (Instance, error)
	// ListInstances reads a page of instances and calls take for each. Errors: that of take;
	// INVALID_ARGUMENT for a page token that can't be read; FAILED_PRECONDITION with ReasonTooStale if
	// MaxStaleness can't be met; OUT_OF_RANGE with ReasonHistoryExpired if history does not reach back
	// to AsOf.
	ListInstances(ctx context.Context, q ListQuery, take func(*Record) error) (Page, error)
	// ExportInstances reads all instances that the filter matches, in no order. It calls begin with
	// the freshness and then take for each instance; take may block. Errors: those of begin and take;
	// as ListInstances; RESOURCE_EXHAUSTED with ReasonTooManyExports.
	ExportInstances(ctx context.Context, q ExportQuery, begin func(Freshness) error, take func(*Record) error) error
	// AggregateInstances counts instances, the largest group first. Errors: as ListInstances.
	AggregateInstances(ctx context.Context, q AggregateQuery) (Aggregate, error)
	// ListInstanceChanges reads a page of the changes of an instance. Errors: NOT_FOUND.
	ListInstanceChanges(ctx context.Context, q HistoryQuery) (History, error)
	// ListScopes reads a page of scopes.
	ListScopes(ctx context.Context, q ScopesQuery) (ScopesPage, error)
}
