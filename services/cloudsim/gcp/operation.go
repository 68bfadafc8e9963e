package gcp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/cloudsim"
)

// maxOperations is the number of operations that a project remembers. Google keeps them for weeks.
const maxOperations = 1000

// Operation is a change that continues after Google Cloud has responded.
type Operation struct {
	Name     string
	ID       uint64
	Kind     string // start, stop, suspend, resume; UPDATE for Cloud SQL
	Zone     string // "" for Cloud SQL
	Target   string // the name of the changed resource
	TargetID uint64 // 0 for Cloud SQL
	User     string
	Begun    time.Time
	Ends     time.Time
	// Linger is how much longer than the world's Transition the operation takes.
	Linger time.Duration
	// RequestID is the request id that the caller chose, "" if there was none.
	RequestID string
	// Failure is the error of a failed operation, nil if it succeeds.
	Failure *OperationFailure
}

// OperationFailure is the error of a failed operation.
type OperationFailure struct {
	Code    string // ZONE_RESOURCE_POOL_EXHAUSTED
	Message string
	Status  int // HTTP status
}

// Done reports whether the operation has ended at a time.
func (o Operation) Done(now time.Time) bool { return !now.Before(o.Ends) }

// operations holds the latest operations of a project.
type operations struct {
	byName map[string]Operation
	order  []string // a ring buffer once it is full
	next   uint64

	// requests serialises requests that have a request id.
	requests sync.Mutex
}

// OnceOperation begins an operation by calling do, unless an operation with its request id exists:
// then it returns that one, and repeated is true. An empty request id is never repeated. Errors:
// ErrNoProject, and those of do.
func (c *Cloud) OnceOperation(projectID, requestID string, do func() (Operation, error)) (op Operation, repeated bool, err error) {
	p, err := c.project(projectID)
	if err != nil {
		return op, false, err
	}
	if requestID == "" {
		op, err = do()
		return op, false, err
	}
	p.ops.requests.Lock()
	defer p.ops.requests.Unlock()
	if op, ok := p.operationOf(requestID); ok {
		return op, true, nil
	}
	op, err = do()
	return op, false, err
}

// operationOf returns the operation that a request began.
func (p *project) operationOf(requestID string) (Operation, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, op := range p.ops.byName {
		if op.RequestID == requestID {
			return op, true
		}
	}
	return Operation{}, false
}

// BeginOperation records an operation that ends after the world's Transition. It sets ID and Name.
// Error: ErrNoProject.
func (c *Cloud) BeginOperation(projectID string, op Operation) (Operation, error) {
	p, err := c.project(projectID)
	if err != nil {
		return op, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := c.world.Now()
	op.ID = cloudsim.Mix(p.entropy, 50_000+p.ops.next)>>1 | 1<<62
	op.Name = fmt.Sprintf("operation-%d-%x", now.UnixMilli(), op.ID)
	op.Begun, op.Ends = now, now.Add(c.world.Transition()+op.Linger)
	if p.ops.byName == nil {
		p.ops.byName = make(map[string]Operation)
	}
	if slot := int(p.ops.next % maxOperations); slot < len(p.ops.order) {
		delete(p.ops.byName, p.ops.order[slot])
		p.ops.order[slot] = op.Name
	} else {
		p.ops.order = append(p.ops.order, op.Name)
	}
	p.ops.next++
	p.ops.byName[op.Name] = op
	return op, nil
}

// Operation returns an operation. Errors: ErrNoProject, ErrNotFound.
func (c *Cloud) Operation(projectID, name string) (Operation, error) {
	p, err := c.project(projectID)
	if err != nil {
		return Operation{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	op, ok := p.ops.byName[name]
	if !ok {
		return Operation{}, &cloudsim.ResourceError{Err: cloudsim.ErrNotFound, ID: name}
	}
	return op, nil
}

// Operations returns the remembered operations of a project for a target, oldest first. zone is ""
// for Cloud SQL, and an empty target matches all. Error: ErrNoProject.
func (c *Cloud) Operations(projectID, zone, target string) ([]Operation, error) {
	p, err := c.project(projectID)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	var found []Operation
	for _, op := range p.ops.byName {
		if op.Zone == zone && (target == "" || op.Target == target) {
			found = append(found, op)
		}
	}
	slices.SortFunc(found, func(a, b Operation) int {
		return cmp.Or(a.Begun.Compare(b.Begun), strings.Compare(a.Name, b.Name))
	})
	return found, nil
}
