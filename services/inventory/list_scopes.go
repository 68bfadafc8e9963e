package inventory

import (
	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// ScopesRequest is a request for a page of scopes, with the texts of the API.
type ScopesRequest struct {
	Filter string
	// PageSize is at least 1.
	PageSize  int
	PageToken string
}

// ScopesQuery is a ScopesRequest that was parsed.
type ScopesQuery struct {
	Filter   *query.Filter
	PageSize int
	// After is the last scope of the page before; the zero key for the first page.
	After ScopeKey

	fingerprint string
}

// ScopesPage is a page of scopes, sorted by account, kind and location.
type ScopesPage struct {
	Scopes []Scope
	// More reports whether there is a next page.
	More bool
}

// scopeSchema has the fields that filters of scopes may name.
var scopeSchema = query.New(
	query.Field{Path: "account", Type: query.String, Prefix: "accounts/"},
	query.Field{Path: "provider", Type: query.Enum(texts(Providers())...)},
	query.Field{Path: "kind", Type: query.Enum(texts(Kinds())...)},
	query.Field{Path: "location", Type: query.String},
	query.Field{Path: "last_complete_time", Type: query.Timestamp, Nullable: true},
	query.Field{Path: "last_attempt_time", Type: query.Timestamp, Nullable: true},
	query.Field{Path: "last_error", Type: query.String},
	query.Field{Path: "last_error_reason", Type: query.String},
	query.Field{Path: "instance_count", Type: query.Int},
	query.Field{Path: "sync_interval", Type: query.Duration, Nullable: true},
	query.Field{Path: "unreachable", Type: query.Bool, Nullable: true},
	query.Field{Path: "hold.hold_time", Type: query.Timestamp, Nullable: true},
)

// scopesCursor is the content of a page token of a list of scopes.
type scopesCursor struct {
	Account  string `json:"a"`
	Kind     string `json:"k"`
	Location string `json:"l"`
}

// Parse parses the texts of the request. Errors: as ListRequest.Parse.
func (r ScopesRequest) Parse() (ScopesQuery, error) {
	q := ScopesQuery{PageSize: r.PageSize, fingerprint: query.Fingerprint("scopes", r.Filter)}
	var err error
	if q.Filter, err = scopeSchema.ParseFilter(r.Filter); err != nil {
		return q, err
	}
	var cursor scopesCursor
	if err := query.DecodeToken(r.PageToken, q.fingerprint, &cursor); err != nil {
		return q, err
	}
	for _, text := range []string{cursor.Account, cursor.Kind, cursor.Location} {
		if CleanText(text) != text {
			return q, fault.Invalid("page_token", "is damaged; start again without it")
		}
	}
	q.After = ScopeKey{Account: cursor.Account, Kind: Kind(cursor.Kind), Location: cursor.Location}
	return q, nil
}

// NextPageToken returns the token of the page after this one; empty if this is the last one.
func (q *ScopesQuery) NextPageToken(page ScopesPage) string {
	if !page.More {
		return ""
	}
	last := page.Scopes[len(page.Scopes)-1].ScopeKey
	return query.EncodeToken(q.fingerprint, scopesCursor{last.Account, string(last.Kind), last.Location})
}
