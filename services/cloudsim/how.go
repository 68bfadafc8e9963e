package cloudsim

import "time"

// How says how a change goes that a cloud has taken. The zero value is as it should: it settles when Config.Transition
// has passed.
type How struct {
	// Linger is how much longer it takes.
	Linger time.Duration
	// Fails makes it come to nothing: what was to start ends up stopped again, what was to stop goes on. Code and Message
	// say why, in the cloud's words.
	Fails         bool
	Code, Message string
}

// how returns the one of a call's options, or the zero value.
func how(options []How) How {
	if len(options) == 0 {
		return How{}
	}
	return options[0]
}
