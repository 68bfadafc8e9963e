package operation

import (
	"context"
	"errors"
	"sync"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// units are the larger things that calls of one operation are made on, such as clusters,
// each with the target that its call is made for.
type units struct {
	mu      sync.Mutex
	leaders map[string]*targetRun
}

func newUnits() *units { return &units{leaders: map[string]*targetRun{}} }

// lead makes a target the leader of its unit, if that has none, and returns the leader.
func (u *units) lead(r *targetRun) *targetRun {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.leaders[r.target.Unit] == nil {
		u.leaders[r.target.Unit] = r
	}
	return u.leaders[r.target.Unit]
}

// errLeaderReleased releases a target whose leader was released.
var errLeaderReleased = errors.New("the target that the call is made for was released")

// join reports whether the call is to be made for this target. If another target of the
// operation leads its unit, it waits for the end of that one, and returns what it means.
func (u *units) join(ctx context.Context, r *targetRun) (found finding, leads bool, err error) {
	if r.target.Unit == "" {
		return finding{}, true, nil
	}
	leader := u.lead(r)
	if leader == r {
		return r.claimUnit(ctx)
	}
	name := InstanceName(leader.target.Instance)
	if err := r.save(ctx, r.target.State, "the call for "+name+" covers it"); err != nil {
		return finding{}, false, err
	}
	select {
	case <-ctx.Done():
		return finding{}, false, context.Cause(ctx)
	case <-leader.ended:
	}
	seen, ok := map[TargetState]observation{
		TargetSucceeded: shared, TargetFailed: refused, TargetCancelled: cancelled, TargetUnknown: unprovable,
	}[leader.target.State]
	if !ok {
		return finding{}, false, errLeaderReleased
	}
	if seen == shared {
		return finding{seen: shared, text: "the call was made for " + name}, false, nil
	}
	return finding{seen: seen, refusal: leader.target.Refusal, text: "as " + name + ", whose call covers it"}, false, nil
}

// claimUnit claims the unit of the target against other operations.
func (r *targetRun) claimUnit(ctx context.Context) (found finding, leads bool, err error) {
	r.target.Exclusive = r.target.Unit
	err = r.store(ctx)
	if fault.ReasonOf(err) != fault.ReasonOperationInProgress {
		return finding{}, err == nil, err
	}
	r.target.Exclusive = r.target.Instance
	refusal := fault.ForReason(fault.ReasonOperationInProgress, err.Error(), "Wait for that operation to end.", err).AsRetryable()
	return finding{seen: refused, refusal: refusal}, false, nil
}
