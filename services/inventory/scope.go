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
	// ReasonRemoved is that of a gap in which the account was off the roll.
	ReasonRemoved = "REMOVED"
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
	// Age is how long ago LastCompleteTime was, by the clock of the roll; nothing
	// when there is none.
	Age time.Duration
	// SyncInterval is how long after one observation the next is due; 0: not
	// known. A scope that is older than twice that is overdue.
	SyncInterval time.Duration
	// Hold is set while an observation is not believed; nil: it is not held.
	Hold *Hold
	// APIBudgets are the limits of the cloud's APIs as the last reading left them.
	APIBudgets []APIBudget
}

// ScopeHealth is a scope, and whether an answer that touches it can't vouch for
// it.
type ScopeHealth struct {
	Scope
	Unreachable bool
}

// Hold is an observation that lacked most of a scope, and was not believed at
// once.
type Hold struct {
	// Time of the observation.
	Time time.Time
	// Missing is how many instances it lacked, Of how many there were before.
	Missing, Of int64
}

// APIBudget is how fast one API of a cloud is called in one location, in calls a
// second. The names are those of the contract's JSON form, as it is stored.
type APIBudget struct {
	API      string `json:"api"`
	Location string `json:"location"` // or global
	// CallsPerSecond is what Rollcall allows itself now, MaxCallsPerSecond the most
	// that it ever will.
	CallsPerSecond    float64 `json:"callsPerSecond"`
	MaxCallsPerSecond float64 `json:"maxCallsPerSecond"`
	// ThrottleTime is when the cloud last throttled a call; zero: never.
	ThrottleTime time.Time `json:"throttleTime,omitzero"`
}

// Observation says which scope is observed, and when.
type Observation struct {
	Scope    ScopeKey
	Provider Provider
	// Fence is the fencing token, taken before the first call to the cloud; End is
	// one taken after its last answer, 0 until then. Observations that overlap may
	// have looked in another order than they began: one is newer than another for
	// certain when it began after the other's end.
	Fence, End int64
	// Time is when the first call to the cloud was made.
	Time time.Time
	// SyncInterval is how long until the next is due; 0: not known.
	SyncInterval time.Duration
}

// Until is the token before which an observation must have begun to be older, or as
// good as older, than this one.
func (o *Observation) Until() int64 { return max(o.Fence, o.End) }

// Adopt makes an instance clean, and sets what it has from the scope that it was
// seen in, its UID and the hash of its content.
func (o *Observation) Adopt(i *Instance, hasher *Hasher) {
	i.Account, i.Provider, i.Kind = o.Scope.Account, o.Provider, o.Scope.Kind
	i.ProviderID = CleanText(i.ProviderID) // The id is no part of the content.
	i.UID = InstanceUID(i.Account, i.Kind, i.ProviderID)
	i.Hash = hasher.Content(i)
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
