package inventory

import (
	"time"

	"github.com/google/uuid"
)

// ChangeType is what happened to an instance, by its word in the contract.
type ChangeType string

// What happens to instances.
const (
	// Created: it was seen for the first time.
	Created ChangeType = "CREATED"
	// Changed: something of it changed.
	Changed ChangeType = "CHANGED"
	// Gone: it was found to be gone.
	Gone ChangeType = "GONE"
	// Reappeared: it was gone and was seen again.
	Reappeared ChangeType = "REAPPEARED"
)

// LogPlace is a place in the log of changes: after the change of this revision
// and before the next. The zero LogPlace is the beginning of the log.
type LogPlace struct {
	// Log is which log it is a place in.
	Log uuid.UUID
	// Revision of the change: they are in the order of commits, without holes.
	Revision int64
	// Time when the roll took that change in. With the revision it tells one
	// change from another of the same revision, in a database that was restored.
	Time time.Time
}

// Is tells whether two places are the same.
func (p LogPlace) Is(other LogPlace) bool {
	return p.Log == other.Log && p.Revision == other.Revision && p.Time.Equal(other.Time)
}

// LogHead says where the log of changes ends and where it begins.
type LogHead struct {
	// LogPlace of the last change.
	LogPlace
	// Floor is the revision up to which changes are no longer kept.
	Floor int64
	// FloorTime is how far back history reaches.
	FloorTime time.Time
}

// LogPage is a piece of the log.
type LogPage struct {
	Head    LogHead
	Changes []LoggedChange
	// UpTo is the place to which the piece reaches, whether or not the last
	// change of it is among Changes.
	UpTo LogPlace
}

// LoggedChange is a change with the instance around it.
type LoggedChange struct {
	LogPlace
	Type ChangeType
	// ObserveTime is when the observation that found it was made.
	ObserveTime time.Time
	// Before is the instance as the change found it; nil when it was created.
	Before *Instance
	// After is the instance as the change left it.
	After *Instance
}

// Fields are the fields that the change changed, by their paths in the contract's
// JSON form, sorted. Those that hang on others (etag, change_time) or on no change
// (observe_time) are not among them.
func (c *LoggedChange) Fields() []string {
	if c.Before == nil {
		return nil
	}
	return Difference(c.Before, c.After)
}
