package inventory

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// WholeAccount is the location of the scope that stands for a whole account, or for one kind in it, as
// long as none of its locations could be read.
const WholeAccount = "-"

// The reasons why a scope can't be vouched for, in addition to those of a Failure.
const (
	// ReasonRetired is the reason of the last error of a scope that is no longer read, because its
	// location was switched off for the account or is no longer configured.
	ReasonRetired = string(fault.ReasonRetired)
	// ReasonHeld is the reason of a gap that began with an observation whose deletions are doubted.
	ReasonHeld = string(fault.ReasonHeld)
	// ReasonNotObserved is the reason of a gap without an attempt.
	ReasonNotObserved = string(fault.ReasonNotObserved)
	// ReasonRemoved is the reason of a gap in which the account was not in the inventory.
	ReasonRemoved = string(fault.ReasonRemoved)
)

// ScopeKey identifies a scope: the smallest part of an account that is observed at once.
type ScopeKey struct {
	// Account is the bare ID of the account.
	Account string
	Kind    Kind
	// Location is a region or a zone, as the provider divides its listings.
	Location string
}

// UID returns the ID of the scope. It is derived from the key, so that an account that was removed and
// comes back finds its scopes.
func (k ScopeKey) UID() uuid.UUID {
	return derive(scopeSpace, k.Account, string(k.Kind), k.Location)
}

// String returns the resource name of the scope: `scopes/{account}~{kind}~{location}`, with the kind in
// lower case and hyphens.
func (k ScopeKey) String() string {
	kind := "all"
	if k.Kind != KindUnspecified {
		kind = strings.ReplaceAll(strings.ToLower(string(k.Kind)), "_", "-")
	}
	return "scopes/" + k.Account + "~" + kind + "~" + k.Location
}

// ParseScope returns the key of the scope with this resource name. ok is false for any other text.
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

// ScopeNames returns the resource names of scopes.
func ScopeNames(keys []ScopeKey) []string {
	names := make([]string, len(keys))
	for n, key := range keys {
		names[n] = key.String()
	}
	return names
}

// Scope is a scope with its state. Zero times are unset.
type Scope struct {
	ScopeKey
	Provider Provider
	// LastCompleteTime is the time of the last complete observation.
	LastCompleteTime time.Time
	LastAttemptTime  time.Time
	// LastError is why the last attempt failed, for people, and LastErrorReason the same for programs.
	// Both are empty if it succeeded.
	LastError       string
	LastErrorReason string
	// InstanceCount is the number of instances that are not gone.
	InstanceCount int64
	// Age is the time since LastCompleteTime, by the clock of the database; 0 if there is none.
	Age time.Duration
	// SyncInterval is the time between two observations; 0 if it is not known. A scope that is older
	// than twice that is overdue.
	SyncInterval time.Duration
	// Hold is nil if the scope is not held.
	Hold *Hold
	// APIBudgets are the rate limits of the provider's APIs after the last reading.
	APIBudgets []APIBudget
}

// ScopeHealth is a scope, and whether answers can't vouch for it.
type ScopeHealth struct {
	Scope
	Unreachable bool
}

// APIBudget is the rate at which one API of a provider is called in one location, in calls per second.
// It is stored under the names of the API's JSON form.
type APIBudget struct {
	API      string `json:"api"`
	Location string `json:"location"` // or "global"
	// CallsPerSecond is the present limit, and MaxCallsPerSecond the highest that it can become.
	CallsPerSecond    float64 `json:"callsPerSecond"`
	MaxCallsPerSecond float64 `json:"maxCallsPerSecond"`
	// ThrottleTime is when the provider last throttled a call; zero if it never did.
	ThrottleTime time.Time `json:"throttleTime,omitzero"`
}

// Observation identifies an observation: of which scope, and when.
type Observation struct {
	Scope    ScopeKey
	Provider Provider
	// Fence is the fencing token, taken before the first call to the provider. End is one taken after
	// its last answer, 0 until then. Observations that overlap may have read in another order than they
	// began. One is certainly newer than another if it began after the end of the other.
	Fence, End int64
	// Time is when the first call to the provider was made.
	Time time.Time
	// SyncInterval is the time until the next observation is due; 0 if it is not known.
	SyncInterval time.Duration
}

// Until returns the token that a newer observation must exceed.
func (o *Observation) Until() int64 { return max(o.Fence, o.End) }

// Adopt cleans an instance, and sets the fields that it has from the scope, its UID and its content
// hash.
func (o *Observation) Adopt(i *Instance, hasher *Hasher) {
	i.Account, i.Provider, i.Kind = o.Scope.Account, o.Provider, o.Scope.Kind
	i.ProviderID = CleanText(i.ProviderID) // not a part of the content
	i.UID = InstanceUID(i.Account, i.Kind, i.ProviderID)
	i.Hash = hasher.Content(i)
}

// Failure is the reason why a scope could not be observed completely.
type Failure struct {
	// Reason is for programs: a value of rollcall.common.v1.ErrorReason.
	Reason string
	// Error is for people.
	Error string
	// Budgets are the rate limits of the provider's APIs; nil if they are not known.
	Budgets []APIBudget
}

// Changes are the numbers of instances that an observation changed.
type Changes struct {
	Created, Changed, Gone, Reappeared, Unchanged int64
	// Missing is the number of instances that were not listed and are not marked as gone.
	Missing int64
	// MissingReason is the reason, for people.
	MissingReason string
}
