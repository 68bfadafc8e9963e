package cloudsim

// FaultKind is a way in which a call fails.
type FaultKind string

// The kinds of faults. Each service reports them in its own way.
const (
	// Slow delays the response by Fault.Delay.
	Slow FaultKind = "slow"
	// Hang never responds. It ends when the client gives up.
	Hang FaultKind = "hang"
	// Drop closes the connection without a response.
	Drop FaultKind = "drop"
	// Truncate sends half of the response and closes the connection.
	Truncate FaultKind = "truncate"
	// Malformed responds 200 with XML or JSON that is cut in the middle.
	Malformed FaultKind = "malformed"

	// AccessDenied rejects the action.
	AccessDenied FaultKind = "access-denied"
	// Throttle responds as if the account had exceeded its request limit.
	Throttle FaultKind = "throttle"
	// ServerError responds 500.
	ServerError FaultKind = "server-error"
	// Unavailable responds 503, or what the service sends in its place.
	Unavailable FaultKind = "unavailable"
	// Expired responds as if the session had expired.
	Expired FaultKind = "expired"
	// Revoked responds as if the access key did not exist.
	Revoked FaultKind = "revoked"
	// NotEnabled responds as if the account had not enabled what the call needs: in AWS the region,
	// although it is listed; in Google Cloud the API.
	NotEnabled FaultKind = "not-enabled"
	// ZoneUnreachable makes the location Call.Region unreachable: lists over several locations
	// report that it is missing, or fail if the request does not allow partial results. See
	// World.Unreachable.
	ZoneUnreachable FaultKind = "zone-unreachable"
	// LoseAnswer executes the call and closes the connection without a response.
	LoseAnswer FaultKind = "lose-answer"
	// HangAfter executes the call and never responds.
	HangAfter FaultKind = "hang-after"
	// FailAfter executes the call and responds 500.
	FailAfter FaultKind = "fail-after"
	// Linger delays the end of a change by Fault.Delay.
	Linger FaultKind = "linger"
	// ComeToNothing accepts a start or stop that fails later, with Fault.Code and Fault.Message.
	ComeToNothing FaultKind = "come-to-nothing"
	// NoCapacity rejects a start because the cloud has no capacity. Compute Engine reports it by an
	// operation that fails.
	NoCapacity FaultKind = "no-capacity"
	// NoQuota rejects a start because the account's quota is used up. Compute Engine reports it by
	// an operation that fails.
	NoQuota FaultKind = "no-quota"
	// Respond responds with Fault.Status, Fault.Code and Fault.Message.
	Respond FaultKind = "respond"

	// EndlessPages returns a next page token on every page. The pages after the last repeat it.
	EndlessPages FaultKind = "endless-pages"
	// RepeatToken returns the page token of the request, so that the reader receives the same page
	// again.
	RepeatToken FaultKind = "repeat-token"
	// FailMidway responds 500 to every page but the first.
	FailMidway FaultKind = "fail-midway"
	// Empty responds 200 with an empty list.
	Empty FaultKind = "empty"
	// Incomplete responds 200 with about half of the items, always the same ones.
	Incomplete FaultKind = "incomplete"
	// LastPage returns no next page token, although more pages follow.
	LastPage FaultKind = "last-page"
)

// FaultKinds lists all kinds.
var FaultKinds = []FaultKind{
	Slow, Hang, Drop, Truncate, Malformed, AccessDenied, Throttle, ServerError, Unavailable, Expired, Revoked, NotEnabled,
	ZoneUnreachable, LoseAnswer, HangAfter, FailAfter, Linger, ComeToNothing, NoCapacity, NoQuota, Respond, EndlessPages,
	RepeatToken, FailMidway, Empty, Incomplete, LastPage,
}
