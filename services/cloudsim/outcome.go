package cloudsim

import "time"

// Outcome describes how a change ends that a cloud has accepted. The zero value succeeds after
// Config.Transition.
type Outcome struct {
	// Linger is how much longer the change takes.
	Linger time.Duration
	// Fails makes the change fail: a resource that was to start ends up stopped again, one that was
	// to stop keeps running. Code and Message are the reason that the cloud reports.
	Fails         bool
	Code, Message string
}

// OutcomeOf returns the first of the options, or the zero value.
func OutcomeOf(options []Outcome) Outcome {
	if len(options) == 0 {
		return Outcome{}
	}
	return options[0]
}
