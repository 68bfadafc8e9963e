package inventory

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// WholeAccount is the location of the scope that stands for all of an account,
// or for all of one kind in it, of which no location could be looked at yet.
const WholeAccount = "-"

// The reasons why a scope is out of sight that are not those of a Failure of the
// cloud's.
const (
	// ReasonRetired is the reason of the last error of a scope that is not read any
	// more: its location was switched off for the account, or is no longer wanted.
	ReasonRetired = "RETIRED"
	// ReasonHeld is that of a gap that began when an observation was not believed.
	ReasonHeld = "HELD"
	// ReasonNotObserved is that of a gap in which nobody tried.
	ReasonNotObserved = "NOT_OBSERVED"
)

// ScopeKey names a scope: the smallest thing whose truth is known at once.
type ScopeKey struct {
	// Account is the bare id of the account.
	Account string
	Kind    Kind
	// Location is the region (AWS) or zone (Google Cloud).
	Location string
}

// UID is the scope's id, derived from the key, so that an account that was
// removed and came back finds what it had.
func (k ScopeKey) UID() uuid.UUID {
	return derive(scopeSpace, k.Account, string(k.Kind), k.Location)
}

// String is the scope's resource name: `scopes/{account}~{kind}~{location}`,
// with the kind in lower case and hyphens.
func (k ScopeKey) String() string {
	kind := "all"
	if k.Kind != KindUnspecified {
		kind = strings.ReplaceAll(strings.ToLower(string(k.Kind)), "_", "-")
	}
	return "scopes/" + k.Account + "~" + kind + "~" + k.Location
}

// ParseScope is the key of the scope with this resource name; false: it is none.
func ParseScope(name string) (key ScopeKey, ok bool) {
	parts := strings.Split(strings.TrimPrefix(name, "scopes/"), "~")
	if len(parts) != 3 {
		return ScopeKey{}, false
	}
	key = ScopeKey{Account: parts[0], Kind: KindUnspecified, Location: parts[2]}
	if parts[1] != "all" {
		key.Kind = Kind(strings.ReplaceAll(strings.ToUpper(parts[1]), "-", "_"))
	}
	return key, key.String() == name
}

// ScopeNames are the resource names of scopes.
func ScopeNames(keys []ScopeKey) []string {
	names := make([]string, len(keys))
	for n, key := range keys {
		names[n] = key.String()
	}
	return names
}

// Scope is what is known of a scope. Zero times are unset.
type Scope struct {
	ScopeKey
	Provider Provider
	// LastCompleteTime is when it was last observed to the end.
	LastCompleteTime time.Time
	LastAttemptTime  time.Time
	// LastError says why the last try failed, LastErrorReason the same for
	// programs. Both are empty when it did not.
	LastError       string
	LastErrorReason string
	// InstanceCount leaves gone instances out.
	InstanceCount int64
	// Age is how long ago LastCompleteTime was when the scope was read.
	Age time.Duration
	// SyncInterval is how long after one observation the next is due; 0: not known.
	SyncInterval time.Duration
	// Hold is set while it is held.
	Hold *Hold
	// Budgets are the limits of the cloud's APIs as the last reading left them.
	Budgets []APIBudget
}

// Hold is an observation that was not believed at once: most of its scope had
// vanished.
type Hold struct {
	// Time is when the observation was made.
	Time time.Time
	// Missing is how many instances it lacked, Of how many.
	Missing, Of int64
}

// APIBudget is how fast Rollcall calls one API of a cloud in one location.
type APIBudget struct {
	API, Location string
	// CallsPerSecond it allows itself now, and the most it ever will.
	CallsPerSecond, MaxCallsPerSecond float64
	// ThrottleTime is when the cloud last throttled a call; zero: never.
	ThrottleTime time.Time
}

// Observation says which scope is observed, and when.
type Observation struct {
	Scope    ScopeKey
	Provider Provider
	// Fence is the fencing token, taken before the first call to the cloud.
	Fence int64
	// Time is when the first call to the cloud was made.
	Time time.Time
	// SyncInterval is how long until the next is due; 0: not known.
	SyncInterval time.Duration
}

// Adopt sets what an instance has from the scope that it was seen in, and its
// UID, makes it clean, and returns the hash of its content.
func (o *Observation) Adopt(i *Instance, hasher *Hasher) Hash {
	i.Account, i.Provider, i.Kind = o.Scope.Account, o.Provider, o.Scope.Kind
	i.ProviderID = CleanText(i.ProviderID) // The id is no part of the content.
	i.UID = InstanceUID(i.Account, i.Kind, i.ProviderID)
	return hasher.Content(i)
}

// Failure says why a scope could not be observed to the end.
type Failure struct {
	// Reason for programs, a value of rollcall.accounts.v1.Connection.Reason.
	Reason string
	// Error for people.
	Error string
	// Budgets are what is left of the limits of the cloud's APIs; nil: not known.
	Budgets []APIBudget
}

// Changes are what an observation did to the roll, in instances.
type Changes struct {
	Created, Changed, Gone, Reappeared, Unchanged int64
	// Missing were absent and are not marked as gone.
	Missing int64
	// MissingReason says why, for people.
	MissingReason string
}
