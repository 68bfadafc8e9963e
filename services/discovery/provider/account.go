package provider

import (
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/cloud"
)

// Account has the settings of an account in the inventory that discovery needs.
type Account struct {
	// ID is the last part of the name accounts/{account}.
	ID       string
	Provider cloud.Provider
	// CloudID is the cloud's own id of the account. The credentials must belong to it.
	CloudID string
	// Regions lists the regions to read. If it is empty, all enabled regions are read.
	Regions []string
	// Paused accounts are not synced on schedule.
	Paused bool
	// ReadOnly accounts reject every start and stop.
	ReadOnly bool
	// SyncInterval is the time from one sync to the next; 0 means the default of the process.
	SyncInterval time.Duration
	// UpdateTime is when the settings of the account last changed.
	UpdateTime time.Time
}
