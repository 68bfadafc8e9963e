package inventory

import "time"

// HistoryQuery asks for a page of what happened to an instance.
type HistoryQuery struct {
	// PageSize is at least 1.
	PageSize  int
	PageToken string
}

// History is a page of what happened to an instance, newest first.
type History struct {
	Changes       []PastChange
	NextPageToken string
	// Gaps are those of its scope that ended within the times of the page, or go
	// on; newest first. Each is on one page.
	Gaps []Gap
	// Since is how far back history is kept.
	Since time.Time
}

// PastChange is one change of an instance.
type PastChange struct {
	// Revision is the place in the log.
	Revision int64
	// Type is what happened, by its word in the contract.
	Type string
	// CommitTime is when the roll took it in.
	CommitTime time.Time
	// ObserveTime is when the observation that found it was made.
	ObserveTime time.Time
	// Fields are sorted by path.
	Fields []FieldChange
}

// FieldChange is what changed in one field.
type FieldChange struct {
	// Field by its path in the contract's JSON form; one label is labels.KEY, with
	// the key in quotes when it is not a plain word.
	Field string
	// From and To are values of JSON as encoding/json reads them; nil: it was not
	// there.
	From, To any
}
