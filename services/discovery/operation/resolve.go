package operation

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// resolveParallel is how many names are resolved at the same time.
const resolveParallel = 16

// resolve returns the instances that a request asks for.
func (s *Service) resolve(ctx context.Context, request *Request, operation *Operation) ([]*candidate, error) {
	limit := request.MaxInstances
	if limit == 0 {
		limit = defaultInstances
	}
	if request.Filter == "" {
		if request.Batch && len(request.Named) > limit {
			return nil, errTooMany(len(request.Named), limit)
		}
		return s.resolveNamed(ctx, request)
	}
	selection, err := s.Inventory.Select(ctx, request.Filter, limit)
	if err != nil {
		return nil, err
	}
	if selection.Total > limit {
		return nil, errTooMany(selection.Total, limit)
	}
	operation.OldestObserveTime, operation.Unreachable = selection.OldestObserveTime, selection.Unreachable
	candidates := make([]*candidate, len(selection.Instances))
	for n, stored := range selection.Instances {
		candidates[n] = &candidate{named: Named{ID: stored.ID}, stored: stored}
	}
	return candidates, nil
}

func errTooMany(found, limit int) error {
	return fault.New(fault.KindFailedPrecondition, fault.ReasonTooManyInstances,
		"the request is for %d instances and allows at most %d; nothing was done. Narrow the filter, or set max_instances", found, limit).
		With("count", fmt.Sprint(found)).With("maxInstances", fmt.Sprint(limit))
}

// resolveNamed resolves each of the named instances. In a batch, each may fail alone.
func (s *Service) resolveNamed(ctx context.Context, request *Request) ([]*candidate, error) {
	found := make([]*candidate, len(request.Named))
	deadline := s.deadline(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(resolveParallel)
	for n, named := range request.Named {
		group.Go(func() error {
			stored, err := s.resolveName(ctx, deadline, named)
			found[n] = &candidate{named: named, stored: stored}
			if err != nil && request.Batch && ctx.Err() == nil && fault.ReasonOf(err) != fault.ReasonUnavailable {
				found[n].refusal, err = refusalOf(err), nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	candidates := found[:0]
	for _, c := range found {
		if c.stored != nil && seen[c.stored.ID] {
			continue // The same instance by another name.
		}
		if c.stored != nil {
			seen[c.stored.ID] = true
		}
		candidates = append(candidates, c)
	}
	return candidates, nil
}

// resolveName finds an instance in the inventory, or else in the clouds.
func (s *Service) resolveName(ctx context.Context, deadline time.Time, named Named) (*Stored, error) {
	if uuid.Validate(named.ID) == nil {
		return s.Inventory.Instance(ctx, named.ID)
	}
	stored, err := s.Inventory.Lookup(ctx, named.ID, named.Account)
	if fault.KindOf(err) != fault.KindNotFound {
		return stored, err
	}
	return s.locate(ctx, deadline, named)
}

// deadline returns when the clouds are no longer asked for a caller: part of the caller's
// time is left for the answer.
func (s *Service) deadline(ctx context.Context) time.Time {
	now := time.Now()
	limit := s.Limits.Plan
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, deadline.Sub(now)*2/3)
	}
	return now.Add(limit)
}
