package inventory

import (
	"time"

	"github.com/google/uuid"
)

// ChangeType is the type of a change of an instance, as the enum value of the API is spelled.
type ChangeType string

// The types of changes.
const (
	// Created instances were observed for the first time.
	Created ChangeType = "CREATED"
	// Changed instances have at least one field that changed.
	Changed ChangeType = "CHANGED"
	// Gone instances were found to be deleted.
	Gone ChangeType = "GONE"
	// Reappeared instances were gone and were observed again.
	Reappeared ChangeType = "REAPPEARED"
)

// LogPosition is a position in the log of changes: after the change of this revision and before the
// next. The zero LogPosition is the beginning of the log.
type LogPosition struct {
	// Log identifies the log.
	Log uuid.UUID
	// Revision is that of the change. Revisions are in the order of commits and have no holes.
	Revision int64
	// Time is when the change was committed. It distinguishes two changes of the same revision, one
	// of them from before a database was restored from a backup.
	Time time.Time
}

// Equal reports whether two positions are the same.
func (p LogPosition) Equal(other LogPosition) bool {
	return p.Log == other.Log && p.Revision == other.Revision && p.Time.Equal(other.Time)
}

// LogHead describes where the log of changes begins and ends.
type LogHead struct {
	// LogPosition is that of the last change.
	LogPosition
	// Floor is the revision up to which changes are no longer kept.
	Floor int64
	// FloorTime is the time from which on history is kept.
	FloorTime time.Time
}

// LogPage is a part of the log.
type LogPage struct {
	Head    LogHead
	Changes []LoggedChange
	// UpTo is the position that the page reaches, whether or not the last change before it is among
	// Changes.
	UpTo LogPosition
}

// LoggedChange is a change of the log, with the instance before and after it.
type LoggedChange struct {
	LogPosition
	Type ChangeType
	// ObserveTime is the time of the observation that found the change.
	ObserveTime time.Time
	// Before is the instance as the change found it; nil if it was created.
	Before *Instance
	// After is the instance as the change left it.
	After *Instance
}

// Fields returns the fields that changed, by their JSON paths, sorted. See Difference.
func (c *LoggedChange) Fields() []string {
	if c.Before == nil {
		return nil
	}
	return Difference(c.Before, c.After)
}
