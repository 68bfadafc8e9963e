package inventory

import (
	"strconv"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// ListRequest is a request for a page of instances, with the texts of the API.
type ListRequest struct {
	// Filter is one of AIP-160, and OrderBy one of AIP-132.
	Filter, OrderBy string
	// PageSize is at least 1.
	PageSize  int
	PageToken string
	ShowGone  bool
	// MaxStaleness is the greatest age of an observation that the caller accepts; 0 is any.
	MaxStaleness time.Duration
	// AsOf is the time that the answer is about, from which MaxStaleness is measured back. The zero
	// time is now.
	AsOf time.Time
}

// ListQuery is a ListRequest that was parsed.
type ListQuery struct {
	Filter       *query.Filter
	Order        *query.Order
	PageSize     int
	ShowGone     bool
	MaxStaleness time.Duration
	AsOf         time.Time
	// First is set for the first page. Cursor is where the others begin.
	First  bool
	Cursor ListCursor

	fingerprint string
}

// ListCursor is the content of a page token of a list of instances.
type ListCursor struct {
	// After is the cursor of the last row of the page before. See query.Order.
	After []string `json:"a"`
	// Total is counted for the first page only. Estimated reports that it is an estimate.
	Total     int64 `json:"t"`
	Estimated bool  `json:"e,omitempty"`
	// AsOf is the position in the log at which all pages of a past time are read; nil for now.
	AsOf *AsOfPosition `json:"p,omitempty"`
}

// AsOfPosition is a position in the log of changes, for a read as of a time. A page token carries it
// because changes of that very time may still be committed after the first page was read.
type AsOfPosition struct {
	// Revision is that of the last change that is part of the answer.
	Revision int64 `json:"r"`
	// NotBefore is a time that no later change was committed before: that of the change itself, or
	// one between it and the next. It keeps a read from looking into the partitions of the days
	// before. The zero time is unknown.
	NotBefore time.Time `json:"t"`
}

// Parse parses the texts of the request. Errors: INVALID_ARGUMENT that names the field and the column
// of the mistake.
func (r ListRequest) Parse() (ListQuery, error) {
	q := ListQuery{
		PageSize: r.PageSize, ShowGone: r.ShowGone, MaxStaleness: r.MaxStaleness, AsOf: r.AsOf, First: r.PageToken == "",
	}
	var err error
	if q.Filter, err = instanceSchema.ParseFilter(r.Filter); err != nil {
		return q, err
	}
	if q.Order, err = instanceSchema.ParseOrder(r.OrderBy); err != nil {
		return q, err
	}
	asOf := ""
	if !r.AsOf.IsZero() {
		asOf = r.AsOf.UTC().Format(time.RFC3339Nano)
	}
	q.fingerprint = query.Fingerprint("instances", r.Filter, r.OrderBy, strconv.FormatBool(r.ShowGone), asOf)
	return q, query.DecodeToken(r.PageToken, q.fingerprint, &q.Cursor)
}

// PageToken returns the token of the page that begins at the cursor; empty if it is nil.
func (q *ListQuery) PageToken(next *ListCursor) string {
	if next == nil {
		return ""
	}
	return query.EncodeToken(q.fingerprint, next)
}

// Page describes a page of instances.
type Page struct {
	// Next is where the next page begins; nil if this is the last one.
	Next *ListCursor
	// TotalSize is the number of matches when the first page was read. TotalEstimated reports that it
	// is an estimate.
	TotalSize      int64
	TotalEstimated bool
	Freshness      Freshness
}

// ExportRequest is a request for all instances that a filter matches, with the texts of the API.
type ExportRequest struct {
	Filter   string
	ShowGone bool
	// MaxStaleness is as in ListRequest.
	MaxStaleness time.Duration
}

// ExportQuery is an ExportRequest that was parsed.
type ExportQuery struct {
	Filter       *query.Filter
	ShowGone     bool
	MaxStaleness time.Duration
}

// Parse parses the texts of the request. Errors: as ListRequest.Parse.
func (r ExportRequest) Parse() (ExportQuery, error) {
	filter, err := instanceSchema.ParseFilter(r.Filter)
	return ExportQuery{Filter: filter, ShowGone: r.ShowGone, MaxStaleness: r.MaxStaleness}, err
}

// ParseWatchFilter parses a filter that is matched against changes in memory. Errors:
// INVALID_ARGUMENT, also for fields that change without an entry in the log of changes.
func ParseWatchFilter(text string) (*query.Filter, error) {
	filter, err := instanceSchema.ParseFilter(text)
	if err != nil {
		return nil, err
	}
	for _, f := range table {
		if f.Unlogged && filter.Uses(f.Path) {
			return nil, fault.Invalid("filter", "a watch can't filter by %s, which moves without a change of the instance", f.Path)
		}
	}
	return filter, nil
}

// instanceSchema has the fields that filters and orders of instances may name.
var instanceSchema = query.New(queryFields()...)

// Freshness describes how current an answer is.
type Freshness struct {
	// Oldest is the time of the oldest complete observation behind the answer. It is zero if one of
	// the scopes was never observed, or if there is no scope.
	Oldest time.Time
	// Unreachable are the scopes that the answer can't vouch for: never observed, failed at the last
	// attempt, held, or not observed for twice as long as they should be. They are sorted by account,
	// kind and location.
	Unreachable []ScopeKey
	// Gaps are the reasons, for an answer about a past time: the gaps that the time falls into.
	Gaps []Gap
}

// Gap is a time in which a scope was not observed.
type Gap struct {
	Scope ScopeKey
	// Start is the last complete observation before the gap; zero if there was none.
	Start time.Time
	// End is the first complete observation after the gap; zero if it still lasts.
	End time.Time
	// Reason is for programs: that of a Failure, ReasonHeld, ReasonNotObserved or ReasonRemoved.
	Reason string
	// Error is for people.
	Error string
}

// LookupKey identifies an instance by the value of a field.
type LookupKey struct {
	// Field is one of provider_id, provider_uri and display_name.
	Field string
	Value string
}

// LookupScope narrows a look-up of one instance.
type LookupScope struct {
	// Account is a bare ID; empty for all accounts.
	Account string
	// ShowGone includes instances that are gone.
	ShowGone bool
	// MaxStaleness is as in ListRequest. It applies to the scope of the instance or, if none is found,
	// to all scopes that it could be in.
	MaxStaleness time.Duration
}

// GetQuery describes how to read one instance.
type GetQuery struct {
	// MaxStaleness is as in LookupScope.
	MaxStaleness time.Duration
	// AsOf is as in ListRequest.
	AsOf time.Time
}
