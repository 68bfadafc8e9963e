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

// callTimeout is the limit of one call. SyncAccount waits up to five seconds for a run that is
// about to end.
const callTimeout = 8 * time.Second

// reader reads the whole inventory repeatedly and checks it.
type reader struct {
	checker     *checker
	inventories []inventoryv1.InventoryServiceClient
	cloud       func() (truth, error)
	turn        int
}

// run reads until ctx ends, with pauses.
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

// once makes and checks one reading.
func (r *reader) once(ctx context.Context) {
	s, err := r.read(ctx)
	switch {
	case err == nil:
		r.checker.check(s)
	case ctx.Err() == nil && !isUnavailable(err):
		r.checker.oracle.report(readable, "%s: %v", r.checker.reader, err)
	}
}

// read makes one reading of one of the inventories, which take turns.
func (r *reader) read(ctx context.Context) (s reading, err error) {
	r.turn++
	inventory := r.inventories[r.turn%len(r.inventories)]
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if s.scopes, err = scopesOf(ctx, inventory); err != nil {
		return s, err
	}
	if s.instances, err = instancesOf(ctx, inventory, &inventoryv1.ListInstancesRequest{ShowGone: true}); err != nil {
		return s, err
	}
	s.cloud, err = r.cloud()
	return s, err
}

// isUnavailable reports whether an error means that no server responded in time.
func isUnavailable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Aborted:
		return true
	default:
		return false
	}
}

// scopesOf returns all scopes by name.
func scopesOf(ctx context.Context, inventory inventoryv1.InventoryServiceClient) (map[string]*inventoryv1.Scope, error) {
	all := map[string]*inventoryv1.Scope{}
	for request := (&inventoryv1.ListScopesRequest{PageSize: 1000}); ; {
		answer, err := inventory.ListScopes(ctx, request)
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

// instancesOf returns all instances that match a request.
func instancesOf(ctx context.Context, inventory inventoryv1.InventoryServiceClient, request *inventoryv1.ListInstancesRequest) ([]*inventoryv1.Instance, error) {
	var all []*inventoryv1.Instance
	for request.PageSize = 1000; ; {
		answer, err := inventory.ListInstances(ctx, request)
		if err != nil {
			return nil, err
		}
		all = append(all, answer.GetInstances()...)
		if request.PageToken = answer.GetNextPageToken(); request.PageToken == "" {
			return all, nil
		}
	}
}

// observers are the readers and watchers of a scenario.
type observers struct {
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// start runs an observer until the end of the test.
func (o *observers) start(ctx context.Context, run func(context.Context)) {
	o.group.Go(func() { run(ctx) })
}

func newObservers(t testing.TB) (*observers, context.Context) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	o := &observers{cancel: cancel}
	t.Cleanup(o.end)
	return o, ctx
}

func (o *observers) end() {
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
