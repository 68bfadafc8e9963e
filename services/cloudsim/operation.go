package cloudsim

import (
	"fmt"
	"time"
)

// keptOperations is how many operations of a project can be asked for. Google keeps them for weeks.
const keptOperations = 1000

// Operation is a change that Google Cloud makes after it has answered.
type Operation struct {
	Name     string
	ID       uint64
	Kind     string // start, stop, suspend, resume; UPDATE for Cloud SQL
	Zone     string // "" for Cloud SQL
	Target   string // the name of what is changed
	TargetID uint64 // 0 for Cloud SQL
	User     string
	Begun    time.Time
	Ends     time.Time
}

// Done tells whether the operation has ended at a time.
func (o Operation) Done(now time.Time) bool { return !now.Before(o.Ends) }

// operations holds the latest operations of a project.
type operations struct {
	byName map[string]Operation
	order  []string // a ring once it is full
	next   uint64
}

// BeginOperation records an operation that ends when the world's Transition has passed. Its ID and Name are filled in.
// The error is ErrNoProject.
func (w *World) BeginOperation(projectID string, op Operation) (Operation, error) {
	p, err := w.project(projectID)
	if err != nil {
		return op, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := w.Now()
	op.ID = Mix(p.entropy, 50_000+p.ops.next)>>1 | 1<<62
	op.Name = fmt.Sprintf("operation-%d-%x", now.UnixMilli(), op.ID)
	op.Begun, op.Ends = now, now.Add(w.cfg.Transition)
	if p.ops.byName == nil {
		p.ops.byName = make(map[string]Operation)
	}
	if slot := int(p.ops.next % keptOperations); slot < len(p.ops.order) {
		delete(p.ops.byName, p.ops.order[slot])
		p.ops.order[slot] = op.Name
	} else {
		p.ops.order = append(p.ops.order, op.Name)
	}
	p.ops.next++
	p.ops.byName[op.Name] = op
	return op, nil
}

// Operation finds an operation. Errors: ErrNoProject, ErrNotFound.
func (w *World) Operation(projectID, name string) (Operation, error) {
	p, err := w.project(projectID)
	if err != nil {
		return Operation{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	op, ok := p.ops.byName[name]
	if !ok {
		return Operation{}, &ResourceError{Err: ErrNotFound, ID: name}
	}
	return op, nil
}
