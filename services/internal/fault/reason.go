package fault

// Reason is the cause of a fault for programs, in UPPER_SNAKE_CASE. The reasons are
// those of rollcall.common.v1.ErrorReason.
type Reason string

// What a cloud answered to a read.
const (
	// ReasonCredentialsInvalid: the cloud does not accept the credentials, or there are none.
	ReasonCredentialsInvalid Reason = "CREDENTIALS_INVALID"
	// ReasonCredentialsExpired: the credentials were valid once.
	ReasonCredentialsExpired Reason = "CREDENTIALS_EXPIRED"
	// ReasonPermissionDenied: the credentials are valid and lack a permission.
	ReasonPermissionDenied Reason = "PERMISSION_DENIED"
	// ReasonAccountMismatch: the credentials belong to another account than the one stated.
	ReasonAccountMismatch Reason = "ACCOUNT_MISMATCH"
	// ReasonThrottled: the cloud throttled the calls, even after Rollcall slowed down.
	ReasonThrottled Reason = "THROTTLED"
	// ReasonUnreachable: the cloud did not answer, or not in time, or with an error of its own.
	ReasonUnreachable Reason = "UNREACHABLE"
	// ReasonAPIDisabled: the API or the region is not enabled in the account.
	ReasonAPIDisabled Reason = "API_DISABLED"
	// ReasonInternal: a defect of Rollcall, or an answer of the cloud that makes no sense.
	ReasonInternal Reason = "INTERNAL"
)

// Why a scope is not observed.
const (
	// ReasonHeld: most instances of the scope disappeared at once; the scope waits for proof or for a person.
	ReasonHeld Reason = "HELD"
	// ReasonRetired: the scope is no longer read: its location was switched off, or is no longer selected.
	ReasonRetired Reason = "RETIRED"
	// ReasonNotObserved: nobody tried to read the scope.
	ReasonNotObserved Reason = "NOT_OBSERVED"
	// ReasonRemoved: the account was not registered.
	ReasonRemoved Reason = "REMOVED"
)

// Why an instance was not started or stopped.
const (
	// ReasonInsufficientCapacity: the cloud has no machine of this type left in the location.
	ReasonInsufficientCapacity Reason = "INSUFFICIENT_CAPACITY"
	// ReasonQuotaExceeded: the quota of the account is used up.
	ReasonQuotaExceeded Reason = "QUOTA_EXCEEDED"
	// ReasonInvalidState: the state of the instance does not allow it.
	ReasonInvalidState Reason = "INVALID_STATE"
	// ReasonNotFound: the resource does not exist.
	ReasonNotFound Reason = "NOT_FOUND"
	// ReasonTerminated: the instance was deleted permanently.
	ReasonTerminated Reason = "TERMINATED"
	// ReasonCloudFailed: the cloud accepted the call and failed to complete it.
	ReasonCloudFailed Reason = "CLOUD_FAILED"
	// ReasonCantStopInstanceStore: the root disk would be lost.
	ReasonCantStopInstanceStore Reason = "CANT_STOP_INSTANCE_STORE"
	// ReasonCantStopSpot: the instance belongs to a one-time spot request.
	ReasonCantStopSpot Reason = "CANT_STOP_SPOT"
	// ReasonCantStopCloudProtected: the stop protection of the cloud is on.
	ReasonCantStopCloudProtected Reason = "CANT_STOP_CLOUD_PROTECTED"
	// ReasonCantStopAutoscaled: its autoscaling group would replace the instance.
	ReasonCantStopAutoscaled Reason = "CANT_STOP_AUTOSCALED"
	// ReasonCantStopReplicas: the database has replicas, or is one.
	ReasonCantStopReplicas Reason = "CANT_STOP_REPLICAS"
	// ReasonCantStopMultiAZ: the database is SQL Server with a standby in another zone.
	ReasonCantStopMultiAZ Reason = "CANT_STOP_MULTI_AZ"
	// ReasonCantStopCluster: the type of the cluster can't be stopped.
	ReasonCantStopCluster Reason = "CANT_STOP_CLUSTER"
	// ReasonCantStopLocalDisk: the local disks would be lost.
	ReasonCantStopLocalDisk Reason = "CANT_STOP_LOCAL_DISK"
	// ReasonUnsupported: Rollcall or the cloud does not support this for the instance.
	ReasonUnsupported Reason = "UNSUPPORTED"
	// ReasonProtected: the instance has the label that protects it.
	ReasonProtected Reason = "PROTECTED"
	// ReasonAccountReadOnly: the account is read-only.
	ReasonAccountReadOnly Reason = "ACCOUNT_READ_ONLY"
	// ReasonOperationInProgress: another operation works on the instance.
	ReasonOperationInProgress Reason = "OPERATION_IN_PROGRESS"
	// ReasonEtagMismatch: the resource has changed since the caller read it.
	ReasonEtagMismatch Reason = "ETAG_MISMATCH"
	// ReasonCancelled: the operation was cancelled.
	ReasonCancelled Reason = "CANCELLED"
	// ReasonTimeout: the time of the operation is over.
	ReasonTimeout Reason = "TIMEOUT"
)

// Why a request was refused.
const (
	// ReasonInvalidField: a field of the request is wrong.
	ReasonInvalidField Reason = "INVALID_FIELD"
	// ReasonInvalidBody: the body of the request can't be read.
	ReasonInvalidBody Reason = "INVALID_BODY"
	// ReasonInvalidPath: the path of the request can't be read.
	ReasonInvalidPath Reason = "INVALID_PATH"
	// ReasonInvalidQuery: the query string of the request can't be read.
	ReasonInvalidQuery Reason = "INVALID_QUERY"
	// ReasonBodyTooLarge: the body of the request is too large.
	ReasonBodyTooLarge Reason = "BODY_TOO_LARGE"
	// ReasonMethodNotAllowed: the path does not support the HTTP method.
	ReasonMethodNotAllowed Reason = "METHOD_NOT_ALLOWED"
	// ReasonNoSuchPath: there is nothing at the path.
	ReasonNoSuchPath Reason = "NO_SUCH_PATH"
	// ReasonCrossOrigin: a page of another site sent the request.
	ReasonCrossOrigin Reason = "CROSS_ORIGIN"
	// ReasonCallerUnknown: the call to an internal service does not identify its caller.
	ReasonCallerUnknown Reason = "CALLER_UNKNOWN"
	// ReasonCallerRefused: the caller of an internal service is not allowed to call it.
	ReasonCallerRefused Reason = "CALLER_REFUSED"
	// ReasonRequestIDReused: another request used the request id.
	ReasonRequestIDReused Reason = "REQUEST_ID_REUSED"
	// ReasonTooManyInstances: the filter matches more instances than the request allows.
	ReasonTooManyInstances Reason = "TOO_MANY_INSTANCES"
	// ReasonAmbiguous: several instances match a lookup of one.
	ReasonAmbiguous Reason = "AMBIGUOUS"
	// ReasonTooStale: the inventory is older than the caller accepts.
	ReasonTooStale Reason = "TOO_STALE"
	// ReasonNotHeld: the scope is not held, so there is nothing to confirm.
	ReasonNotHeld Reason = "NOT_HELD"
	// ReasonHoldChanged: another hold replaced the one to confirm.
	ReasonHoldChanged Reason = "HOLD_CHANGED"
	// ReasonNotEnded: the operation has not ended.
	ReasonNotEnded Reason = "NOT_ENDED"
	// ReasonAccountExists: the account is registered already.
	ReasonAccountExists Reason = "ACCOUNT_EXISTS"
	// ReasonAccountInUse: another account assumes its role from this account.
	ReasonAccountInUse Reason = "ACCOUNT_IN_USE"
	// ReasonSourceBroken: the source account of the role can't be used.
	ReasonSourceBroken Reason = "SOURCE_BROKEN"
)

// Positions in the change log and in history.
const (
	// ReasonTokenExpired: the changes after the resume token are no longer stored.
	ReasonTokenExpired Reason = "TOKEN_EXPIRED"
	// ReasonHistoryExpired: history does not reach back to that time.
	ReasonHistoryExpired Reason = "HISTORY_EXPIRED"
)

// Limits of a service.
const (
	// ReasonUnavailable: a dependency does not answer at the moment.
	ReasonUnavailable Reason = "UNAVAILABLE"
	// ReasonStopping: this process is stopping; another one continues.
	ReasonStopping Reason = "STOPPING"
	// ReasonShuttingDown: this replica is shutting down; another one continues.
	ReasonShuttingDown Reason = "SHUTTING_DOWN"
	// ReasonWatcherTooSlow: the watcher did not keep up; it can resume from its last token.
	ReasonWatcherTooSlow Reason = "WATCHER_TOO_SLOW"
	// ReasonTooManyWatchers: this replica serves as many watchers as it can.
	ReasonTooManyWatchers Reason = "TOO_MANY_WATCHERS"
	// ReasonExportTooSlow: the reader of the export did not keep up.
	ReasonExportTooSlow Reason = "EXPORT_TOO_SLOW"
	// ReasonTooManyExports: this replica serves as many exports as it can.
	ReasonTooManyExports Reason = "TOO_MANY_EXPORTS"
)

// Concurrent work.
const (
	// ReasonConflict: a concurrent change won.
	ReasonConflict Reason = "CONFLICT"
	// ReasonStaleObservation: a newer observation is stored or in progress.
	ReasonStaleObservation Reason = "STALE_OBSERVATION"
	// ReasonIncompleteSnapshot: the snapshot did not arrive completely.
	ReasonIncompleteSnapshot Reason = "INCOMPLETE_SNAPSHOT"
	// ReasonStaleReport: a newer report on the connection is stored.
	ReasonStaleReport Reason = "STALE_REPORT"
	// ReasonRunLost: another worker has taken over the sync run.
	ReasonRunLost Reason = "RUN_LOST"
	// ReasonOperationLost: another worker has taken over the operation.
	ReasonOperationLost Reason = "OPERATION_LOST"
	// ReasonOperationCancelled: the operation was cancelled while a worker ran it.
	ReasonOperationCancelled Reason = "OPERATION_CANCELLED"
)

// Stored secrets.
const (
	// ReasonSecretUnreadable: the stored secret can't be decrypted with the keys that are configured.
	ReasonSecretUnreadable Reason = "SECRET_UNREADABLE" //nolint:gosec // A name, not a secret.
	// ReasonNoKey: no encryption key is configured.
	ReasonNoKey Reason = "NO_KEY"
	// ReasonKeyUnavailable: the encryption key can't be reached at the moment.
	ReasonKeyUnavailable Reason = "KEY_UNAVAILABLE"
	// ReasonRotationRunning: another rotation of the encryption keys is running.
	ReasonRotationRunning Reason = "ROTATION_RUNNING"
)

// class is the default kind and retryability of a reason.
type class struct {
	kind      Kind
	retryable bool
}

// classes has one row for each reason.
var classes = map[Reason]class{
	ReasonCredentialsInvalid:     {KindFailedPrecondition, false},
	ReasonCredentialsExpired:     {KindFailedPrecondition, false},
	ReasonPermissionDenied:       {KindPermissionDenied, false},
	ReasonAccountMismatch:        {KindFailedPrecondition, false},
	ReasonThrottled:              {KindResourceExhausted, true},
	ReasonUnreachable:            {KindUnavailable, true},
	ReasonAPIDisabled:            {KindFailedPrecondition, false},
	ReasonInternal:               {KindInternal, false},
	ReasonHeld:                   {KindFailedPrecondition, false},
	ReasonRetired:                {KindFailedPrecondition, false},
	ReasonNotObserved:            {KindUnavailable, false},
	ReasonRemoved:                {KindFailedPrecondition, false},
	ReasonInsufficientCapacity:   {KindResourceExhausted, false},
	ReasonQuotaExceeded:          {KindResourceExhausted, false},
	ReasonInvalidState:           {KindFailedPrecondition, false},
	ReasonNotFound:               {KindNotFound, false},
	ReasonTerminated:             {KindFailedPrecondition, false},
	ReasonCloudFailed:            {KindAborted, false},
	ReasonCantStopInstanceStore:  {KindFailedPrecondition, false},
	ReasonCantStopSpot:           {KindFailedPrecondition, false},
	ReasonCantStopCloudProtected: {KindFailedPrecondition, false},
	ReasonCantStopAutoscaled:     {KindFailedPrecondition, false},
	ReasonCantStopReplicas:       {KindFailedPrecondition, false},
	ReasonCantStopMultiAZ:        {KindFailedPrecondition, false},
	ReasonCantStopCluster:        {KindFailedPrecondition, false},
	ReasonCantStopLocalDisk:      {KindFailedPrecondition, false},
	ReasonUnsupported:            {KindFailedPrecondition, false},
	ReasonProtected:              {KindFailedPrecondition, false},
	ReasonAccountReadOnly:        {KindFailedPrecondition, false},
	ReasonOperationInProgress:    {KindAborted, false},
	ReasonEtagMismatch:           {KindAborted, false},
	ReasonCancelled:              {KindCancelled, false},
	ReasonTimeout:                {KindDeadlineExceeded, false},
	ReasonInvalidField:           {KindInvalidArgument, false},
	ReasonInvalidBody:            {KindInvalidArgument, false},
	ReasonInvalidPath:            {KindInvalidArgument, false},
	ReasonInvalidQuery:           {KindInvalidArgument, false},
	ReasonBodyTooLarge:           {KindResourceExhausted, false},
	ReasonMethodNotAllowed:       {KindUnimplemented, false},
	ReasonNoSuchPath:             {KindNotFound, false},
	ReasonCrossOrigin:            {KindPermissionDenied, false},
	ReasonCallerUnknown:          {KindUnauthenticated, false},
	ReasonCallerRefused:          {KindPermissionDenied, false},
	ReasonRequestIDReused:        {KindInvalidArgument, false},
	ReasonTooManyInstances:       {KindFailedPrecondition, false},
	ReasonAmbiguous:              {KindFailedPrecondition, false},
	ReasonTooStale:               {KindFailedPrecondition, false},
	ReasonNotHeld:                {KindFailedPrecondition, false},
	ReasonHoldChanged:            {KindAborted, false},
	ReasonNotEnded:               {KindFailedPrecondition, false},
	ReasonAccountExists:          {KindAlreadyExists, false},
	ReasonAccountInUse:           {KindFailedPrecondition, false},
	ReasonSourceBroken:           {KindFailedPrecondition, false},
	ReasonTokenExpired:           {KindOutOfRange, false},
	ReasonHistoryExpired:         {KindOutOfRange, false},
	ReasonUnavailable:            {KindUnavailable, true},
	ReasonStopping:               {KindUnavailable, true},
	ReasonShuttingDown:           {KindUnavailable, true},
	ReasonWatcherTooSlow:         {KindResourceExhausted, false},
	ReasonTooManyWatchers:        {KindResourceExhausted, true},
	ReasonExportTooSlow:          {KindResourceExhausted, false},
	ReasonTooManyExports:         {KindResourceExhausted, true},
	ReasonConflict:               {KindAborted, true},
	ReasonStaleObservation:       {KindAborted, false},
	ReasonIncompleteSnapshot:     {KindInvalidArgument, false},
	ReasonStaleReport:            {KindAborted, false},
	ReasonRunLost:                {KindAborted, false},
	ReasonOperationLost:          {KindAborted, false},
	ReasonOperationCancelled:     {KindAborted, false},
	ReasonSecretUnreadable:       {KindFailedPrecondition, false},
	ReasonNoKey:                  {KindFailedPrecondition, false},
	ReasonKeyUnavailable:         {KindUnavailable, true},
	ReasonRotationRunning:        {KindAborted, true},
}
