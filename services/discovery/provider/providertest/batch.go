package providertest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// batchCollector is a BatchSink that stores the ids.
type batchCollector struct {
	scopes   map[provider.ScopeID]*collector
	failed   map[provider.ScopeID]*fault.Error
	requests atomic.Int64
	fail     error
}

func newBatchCollector() *batchCollector {
	return &batchCollector{scopes: map[provider.ScopeID]*collector{}, failed: map[provider.ScopeID]*fault.Error{}}
}

func (c *batchCollector) Page(ctx context.Context, scope provider.ScopeID, instances []provider.Instance) error {
	if c.scopes[scope] == nil {
		c.scopes[scope] = &collector{}
	}
	if err := c.scopes[scope].Page(ctx, instances); err != nil {
		return err
	}
	return c.fail
}

func (c *batchCollector) Fail(scope provider.ScopeID, failure *fault.Error) {
	c.failed[scope] = failure
}

func (c *batchCollector) Called(bool) { c.requests.Add(1) }

// testBatch checks that a listing of many scopes has the instances of each, that it ends with the
// error of the sink, and that it ends with its context.
func testBatch(t *testing.T, simulated Cloud) {
	session, ok := open(t, simulated, simulated.Account()).(provider.BatchSession)
	if !ok {
		t.Skip("this provider reads each scope alone")
	}
	truth := simulated.Truth(t)
	batches := map[string][]provider.ScopeID{}
	for scope := range truth {
		if name := session.Batch(scope); name != "" {
			batches[name] = append(batches[name], scope)
		}
	}
	if len(batches) == 0 {
		t.Error("no scope is in a batch")
	}
	full := errors.New("full")
	for name, scopes := range batches {
		sink := newBatchCollector()
		if err := session.ReadBatch(deadline(t), name, sink); err != nil || len(sink.failed) > 0 || sink.requests.Load() < 2 {
			t.Errorf("%s: %v, failed %v, %d requests", name, err, sink.failed, sink.requests.Load())
		}
		for _, scope := range scopes {
			if got := sink.scopes[scope]; got == nil || !got.same(truth[scope]) {
				t.Errorf("%v: the instances read are not the %d that exist", scope, len(truth[scope]))
			}
		}
		if err := session.ReadBatch(deadline(t), name, &batchCollector{scopes: sink.scopes, fail: full}); !errors.Is(err, full) {
			t.Errorf("%s: the sink failed, and the read ended with %v", name, err)
		}
		ctx, cancel := context.WithCancel(deadline(t))
		cancel()
		if err := session.ReadBatch(ctx, name, newBatchCollector()); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: cancelled, and the read ended with %v", name, err)
		}
	}
}
