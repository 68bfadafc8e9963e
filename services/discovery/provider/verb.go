package provider

// Verb is the action of an operation: start or stop. Its values are spelled like those of
// rollcall.discovery.v1.Verb.
type Verb string

// The verbs.
const (
	// Start starts a stopped instance, and resumes a suspended one.
	Start Verb = "START"
	// Stop stops a running instance.
	Stop Verb = "STOP"
)

// Word returns the verb for a sentence: `start`.
func (v Verb) Word() string {
	if v == Start {
		return "start"
	}
	return "stop"
}

// Done returns the participle of the verb: `started`.
func (v Verb) Done() string {
	if v == Start {
		return "started"
	}
	return "stopped"
}

// Wanted returns the state that the verb ends in.
func (v Verb) Wanted() State {
	if v == Start {
		return StateRunning
	}
	return StateStopped
}
