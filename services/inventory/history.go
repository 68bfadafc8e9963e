package inventory

import (
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/rollcall-dev/rollcall/services/internal/query"
)

// HistoryRequest is a request for a page of the changes of an instance, with the texts of the API.
type HistoryRequest struct {
	Instance uuid.UUID
	// PageSize is at least 1.
	PageSize  int
	PageToken string
}

// HistoryQuery is a HistoryRequest that was parsed.
type HistoryQuery struct {
	Instance uuid.UUID
	PageSize int
	// First is set for the first page. Cursor is where the page begins.
	First  bool
	Cursor HistoryCursor

	fingerprint string
}

// HistoryCursor is the content of a page token of a history: where the page before ended, in the changes
// and in the gaps. The pages of gaps are divided by the time of their end.
type HistoryCursor struct {
	Before   int64     `json:"r"`
	GapEnd   time.Time `json:"t"`
	GapScope uuid.UUID `json:"s"`
}

// Parse parses the texts of the request. Errors: INVALID_ARGUMENT for a page token that can't be read.
func (r HistoryRequest) Parse() (HistoryQuery, error) {
	q := HistoryQuery{
		Instance: r.Instance, PageSize: r.PageSize, First: r.PageToken == "",
		fingerprint: query.Fingerprint("changes", r.Instance.String()),
	}
	if q.First {
		q.Cursor = HistoryCursor{Before: math.MaxInt64, GapEnd: time.Unix(lastSecond, 0), GapScope: uuid.Max}
	}
	return q, query.DecodeToken(r.PageToken, q.fingerprint, &q.Cursor)
}

// PageToken returns the token of the page that begins at the cursor; empty if it is nil.
func (q *HistoryQuery) PageToken(next *HistoryCursor) string {
	if next == nil {
		return ""
	}
	return query.EncodeToken(q.fingerprint, next)
}

// History is a page of the changes of an instance, the newest first.
type History struct {
	Changes []HistoryChange
	// Next is where the next page begins; nil if this is the last one.
	Next *HistoryCursor
	// Gaps are those of the instance's scope that ended within the times of the page or still last,
	// the newest first. Each gap is on one page only.
	Gaps []Gap
	// Since is the time from which on history is kept.
	Since time.Time
}

// HistoryChange is one change of an instance.
type HistoryChange struct {
	// Revision is the position in the log.
	Revision int64
	Type     ChangeType
	// CommitTime is when the change was committed.
	CommitTime time.Time
	// ObserveTime is the time of the observation that found the change.
	ObserveTime time.Time
	// Fields are sorted by path.
	Fields []FieldChange
}

// FieldChange is a change of one field.
type FieldChange struct {
	// Field is the JSON path of the field. A label is labels.KEY, with the key in quotes unless it is
	// a plain word.
	Field string
	// From and To are values of JSON as encoding/json reads them; nil for no value.
	From, To any
}
