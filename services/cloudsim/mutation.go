package cloudsim

import (
	"slices"
	"sync"
	"time"
)

// Mutation is a request to start, stop or delete one resource that reached the cloud. Tests use it
// to prove that no call is made twice, so requests that were rejected or whose response was lost
// are recorded too. Dry runs are not.
type Mutation struct {
	Call
	// Target is the id or name of the resource in the request.
	Target string
	// RequestID is the caller's idempotency token, "" if there was none.
	RequestID string
	// Taken reports that the cloud accepted the request. The response may have been lost.
	Taken bool
	// Repeated reports that the cloud knew the RequestID, and changed nothing.
	Repeated bool
	// Code is the error code of the response, "" if there was no error.
	Code string
	Time time.Time
}

// maxMutations is the minimum number of mutations that a World remembers.
const maxMutations = 10_000

type mutations struct {
	mu   sync.Mutex
	list []Mutation
}

// RecordMutation records a mutation with the current time. Handlers call it once for each resource
// in a request.
func (w *World) RecordMutation(m Mutation) {
	m.Time = w.Now()
	w.mutations.mu.Lock()
	defer w.mutations.mu.Unlock()
	if len(w.mutations.list) >= 2*maxMutations {
		w.mutations.list = slices.Clone(w.mutations.list[maxMutations:])
	}
	w.mutations.list = append(w.mutations.list, m)
}

// Mutations returns the recorded mutations that match a pattern and a target, oldest first. An
// empty target matches all.
func (w *World) Mutations(pattern Call, target string) []Mutation {
	w.mutations.mu.Lock()
	defer w.mutations.mu.Unlock()
	var found []Mutation
	for _, m := range w.mutations.list {
		if m.matches(pattern) && (target == "" || target == m.Target) {
			found = append(found, m)
		}
	}
	return found
}
