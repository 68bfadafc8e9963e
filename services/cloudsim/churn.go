package cloudsim

// EventKind is the kind of a change that Churn made.
type EventKind string

// The kinds of events. A cloud may add kinds of its own.
const (
	Launched        EventKind = "launched"
	Ended           EventKind = "terminated"
	Retagged        EventKind = "retagged"
	Resized         EventKind = "resized"
	StoppedInstance EventKind = "stopped"
	StartedInstance EventKind = "started"
	StoppedDatabase EventKind = "database-stopped"
	StartedDatabase EventKind = "database-started"
)

// Event is one change that Churn made.
type Event struct {
	Kind    EventKind
	Account string // the account or project
	Region  string // the region or zone
	ID      string
}

// Churn makes n changes in the world and returns them. Which ones follows from the seed, the state
// of the world and the number of earlier changes. It panics if n is positive and no cloud has an
// account.
func (w *World) Churn(n int) []Event {
	w.churnMu.Lock()
	defer w.churnMu.Unlock()
	events := make([]Event, 0, n)
	for range n {
		events = append(events, w.pickCloud().Step(w.churn))
	}
	return events
}

// pickCloud returns a cloud with a probability proportional to its size. The caller holds churnMu.
func (w *World) pickCloud() Cloud {
	total := 0
	for _, cloud := range w.clouds {
		total += cloud.Size()
	}
	i := w.churn.IntN(total)
	for _, cloud := range w.clouds {
		if i -= cloud.Size(); i < 0 {
			return cloud
		}
	}
	panic("cloudsim: the size of a cloud changed")
}
