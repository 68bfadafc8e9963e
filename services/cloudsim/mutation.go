package cloudsim

import (
	"sync"
	"time"
)

// Mutation is one request to start or stop something that reached the cloud. It is what "no call is made twice" is
// counted by: requests that were refused, or whose answer was lost, are there too; dry runs are not.
type Mutation struct {
	Call
	// Target is what the request named: a machine's id, a database's or cluster's identifier, a VM's or instance's name.
	Target string
	// RequestID is the one that the caller gave, "" when none. Two requests with the same one are one to the cloud.
	RequestID string
	// Taken tells that the cloud did what was asked, or had nothing to do; the answer may have been lost.
	Taken bool
	// Repeated requests were known by their RequestID, and did nothing.
	Repeated bool
	// Code is the error that the cloud answered with, "" for none.
	Code string
	Time time.Time
}

// keptMutations is how many requests are remembered, the latest.
const keptMutations = 10_000

type mutations struct {
	mu   sync.Mutex
	list []Mutation
}

// RecordMutation remembers a request. Handlers call it once for each thing that a request names.
func (w *World) RecordMutation(m Mutation) {
	m.Time = w.Now()
	w.mutations.mu.Lock()
	defer w.mutations.mu.Unlock()
	if len(w.mutations.list) >= 2*keptMutations {
		w.mutations.list = append([]Mutation(nil), w.mutations.list[keptMutations:]...)
	}
	w.mutations.list = append(w.mutations.list, m)
}

// Mutations returns the requests that match a pattern and named a target, in their order; "" stands for any target.
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
