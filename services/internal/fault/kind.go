package fault

// Kind is the class of a fault. Each kind has one gRPC code of the same name.
type Kind int

// The kinds of faults.
const (
	// KindInternal is a defect of Rollcall.
	KindInternal Kind = iota
	// KindInvalidArgument is a request that is wrong in every state of the system.
	KindInvalidArgument
	// KindNotFound is a resource that does not exist.
	KindNotFound
	// KindAlreadyExists is a resource that exists already.
	KindAlreadyExists
	// KindFailedPrecondition is a request that the state of the system does not allow.
	KindFailedPrecondition
	// KindAborted is a request that lost against a concurrent one.
	KindAborted
	// KindPermissionDenied is a caller without the permission.
	KindPermissionDenied
	// KindUnauthenticated is a caller without a valid identity.
	KindUnauthenticated
	// KindUnavailable is a dependency that does not answer at the moment.
	KindUnavailable
	// KindResourceExhausted is a limit that was reached.
	KindResourceExhausted
	// KindUnimplemented is a request that this build does not support.
	KindUnimplemented
	// KindOutOfRange is a position that no longer exists, or does not exist yet.
	KindOutOfRange
	// KindCancelled is work that was cancelled before it was done.
	KindCancelled
	// KindDeadlineExceeded is work that was not done in its time.
	KindDeadlineExceeded
)
