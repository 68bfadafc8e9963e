package inventory

import "time"

// ListQuery asks for a page of instances. Its texts are the contract's.
type ListQuery struct {
	// Filter by AIP-160 and order by AIP-132.
	Filter, OrderBy string
	// PageSize is at least 1.
	PageSize  int
	PageToken string
	ShowGone  bool
	// MaxStaleness is the age of an observation that the caller will still
	// take; 0: any.
	MaxStaleness time.Duration
	// AsOf asks for the roll as it stood at that time, from which MaxStaleness is
	// measured back then; zero: now.
	AsOf time.Time
}

// Page is what is told of a page of instances beside them.
type Page struct {
	NextPageToken string
	// TotalSize is how many the filter matched when the first page was read;
	// TotalEstimated tells that it is about so many.
	TotalSize      int64
	TotalEstimated bool
	Freshness      Freshness
}

// ExportQuery asks for all instances that a filter matches. Its texts are the
// contract's.
type ExportQuery struct {
	Filter   string
	ShowGone bool
	// MaxStaleness as in ListQuery.
	MaxStaleness time.Duration
}

// Freshness says how far an answer can be trusted.
type Freshness struct {
	// Oldest is the time of the oldest complete observation behind the answer;
	// zero when one of its scopes was never observed, or there is no scope.
	Oldest time.Time
	// Unreachable are the scopes it can't vouch for: never observed, the last try
	// failed, held, or not observed for twice as long as they should be. By
	// account, kind and location.
	Unreachable []ScopeKey
	// Gaps are why, for an answer about a past time: what it falls into.
	Gaps []Gap
}

// Gap is a time in which a scope was not observed.
type Gap struct {
	Scope ScopeKey
	// Start is the last complete observation before; zero: there was none.
	Start time.Time
	// End is the first complete observation after; zero: it goes on.
	End time.Time
	// Reason for programs: that of a Failure, ReasonHeld, ReasonNotObserved or
	// ReasonRemoved.
	Reason string
	// Error for people.
	Error string
}

// LookupScope narrows a look-up of one instance.
type LookupScope struct {
	// Account is a bare id; empty: in all accounts.
	Account string
	// ShowGone looks among those that are gone too.
	ShowGone bool
	// MaxStaleness as in ListQuery: of the scope of the instance, or where there is
	// none of all those that it could be in.
	MaxStaleness time.Duration
}

// GetQuery says how one instance is to be read.
type GetQuery struct {
	// MaxStaleness as in LookupScope.
	MaxStaleness time.Duration
	// AsOf as in ListQuery.
	AsOf time.Time
}

// AggregateQuery asks for counts of instances. Its texts are the contract's.
type AggregateQuery struct {
	GroupBy  []string
	Filter   string
	ShowGone bool
	// MaxStaleness and AsOf as in ListQuery.
	MaxStaleness time.Duration
	AsOf         time.Time
}

// Aggregate is the answer to an AggregateQuery, largest group first.
type Aggregate struct {
	Groups    []Group
	Freshness Freshness
}

// Group is how many instances have one combination of values, which stand in the
// order of GroupBy.
type Group struct {
	Values []string
	Count  int64
}

// ScopesQuery asks for a page of scopes. Its texts are the contract's.
type ScopesQuery struct {
	Filter string
	// PageSize is at least 1.
	PageSize  int
	PageToken string
}

// ScopesPage is a page of scopes, by name.
type ScopesPage struct {
	Scopes        []Scope
	NextPageToken string
}
