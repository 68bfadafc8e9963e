package chaos

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
)

// patience is how long one call may take before it is given up. SyncAccount waits
// up to five seconds for a run that is about to end.
const patience = 8 * time.Second

// reader reads the whole roll again and again, and has it judged.
type reader struct {
	*judge
	rolls []inventoryv1.InventoryServiceClient
	cloud func() (truth, error)
	turn  int
}

// run reads until ctx ends, and leaves the machine to others in between.
func (r *reader) run(ctx context.Context) {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		r.once(ctx)
	}
}

// once makes one sweep and has it judged.
func (r *reader) once(ctx context.Context) {
	s, err := r.read(ctx)
	switch {
	case err == nil:
		r.judge.sweep(s)
	case ctx.Err() == nil && !isAway(err):
		r.report(readable, "%s: %v", r.who, err)
	}
}

// read makes one sweep, of one of the inventories in turn.
func (r *reader) read(ctx context.Context) (s sweep, err error) {
	r.turn++
	roll := r.rolls[r.turn%len(r.rolls)]
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.scopes, err = scopesOf(ctx, roll); err != nil {
		return s, err
	}
	if s.roll, err = instancesOf(ctx, roll, &inventoryv1.ListInstancesRequest{ShowGone: true}); err != nil {
		return s, err
	}
	s.cloud, err = r.cloud()
	return s, err
}

// isAway tells whether an error says that nobody was there in time to answer.
func isAway(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Aborted:
		return true
	default:
		return false
	}
}

// scopesOf are all scopes by name.
func scopesOf(ctx context.Context, roll inventoryv1.InventoryServiceClient) (map[string]*inventoryv1.Scope, error) {
	all := map[string]*inventoryv1.Scope{}
	for request := (&inventoryv1.ListScopesRequest{PageSize: 1000}); ; {
		answer, err := roll.ListScopes(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, scope := range answer.GetScopes() {
			all[scope.GetName()] = scope
		}
		if request.PageToken = answer.GetNextPageToken(); request.PageToken == "" {
			return all, nil
		}
	}
}

// instancesOf are all instances that a request is for.
func instancesOf(ctx context.Context, roll inventoryv1.InventoryServiceClient, request *inventoryv1.ListInstancesRequest) ([]*inventoryv1.Instance, error) {
	var all []*inventoryv1.Instance
	for request.PageSize = 1000; ; {
		answer, err := roll.ListInstances(ctx, request)
		if err != nil {
			return nil, err
		}
		all = append(all, answer.GetInstances()...)
		if request.PageToken = answer.GetNextPageToken(); request.PageToken == "" {
			return all, nil
		}
	}
}

// onlookers are the readers and watchers of an episode.
type onlookers struct {
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// look starts something that looks on until the end of the test.
func (o *onlookers) look(ctx context.Context, run func(context.Context)) {
	o.group.Go(func() { run(ctx) })
}

func newOnlookers(t testing.TB) (*onlookers, context.Context) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	o := &onlookers{cancel: cancel}
	t.Cleanup(o.end)
	return o, ctx
}

func (o *onlookers) end() {
	o.cancel()
	o.group.Wait()
}

// byName sorts instances by name, for comparison.
func byName(all []*inventoryv1.Instance) []*inventoryv1.Instance {
	slices.SortFunc(all, func(a, b *inventoryv1.Instance) int {
		if a.GetName() < b.GetName() {
			return -1
		}
		return 1
	})
	return all
}
