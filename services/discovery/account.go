package discovery

import "time"

// Account is what discovery needs to know of an account on the roll.
type Account struct {
	// ID is the last part of accounts/{account}.
	ID       string
	Provider ProviderName
	// CloudID is the cloud's own id of it, which the credentials must open.
	CloudID string
	// Regions to read; empty: all that are enabled.
	Regions []string
	// Paused accounts are passed over by the schedule.
	Paused bool
	// SyncInterval from one sync to the next; 0: the process's default.
	SyncInterval time.Duration
	// UpdateTime is when its settings last changed.
	UpdateTime time.Time
}

// Credentials are one way to sign in to a cloud account. The types in this
// package are all there are.
type Credentials interface {
	isCredentials()
}

// AWSDefault is the default credential chain of this process.
type AWSDefault struct{}

// AWSAssumeRole is a role to assume, starting from the default chain.
type AWSAssumeRole struct {
	RoleARN string
	// ExternalID that the role's trust policy asks for; may be empty.
	ExternalID string
}

func (AWSDefault) isCredentials()    {}
func (AWSAssumeRole) isCredentials() {}
