package console

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	discoveryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/discovery/v1"
	inventoryv1 "github.com/rollcall-dev/rollcall/gen/rollcall/inventory/v1"
	"github.com/rollcall-dev/rollcall/services/gateway"
)

const (
	// readLimit is how long a service may take before the page shows its last response instead.
	readLimit = 5 * time.Second
	// maxCached is the number of responses in the cache.
	maxCached = 64
	// maxPageSize is the largest page size that the services accept.
	maxPageSize = 1000
	// defaultOrder keeps the rows in place while the page refreshes.
	defaultOrder = "display_name"
)

// groupBy lists the fields by which the page counts instances.
var groupBy = []string{"state", "kind", "account", "location.region"}

// reader reads the data of a page from the services.
type reader struct {
	accounts  accountsv1.AccountServiceClient
	inventory inventoryv1.InventoryServiceClient
	discovery discoveryv1.DiscoveryServiceClient
	cache     *responseCache
}

func newReader(up gateway.Upstreams) *reader {
	return &reader{
		accounts:  accountsv1.NewAccountServiceClient(up.Accounts),
		inventory: inventoryv1.NewInventoryServiceClient(up.Inventory),
		discovery: discoveryv1.NewDiscoveryServiceClient(up.Discovery),
		cache:     newResponseCache(maxCached),
	}
}

// responses has the response of each service.
type responses struct {
	accounts  response[*accountsv1.ListAccountsResponse]
	instances response[*inventoryv1.ListInstancesResponse]
	counts    response[*inventoryv1.AggregateInstancesResponse]
	scopes    response[*inventoryv1.ListScopesResponse]
	runs      response[*discoveryv1.ListSyncRunsResponse]
}

// response is the response of a service, or an older one from the cache while it is unavailable.
type response[T proto.Message] struct {
	// value is nil if there is no response, not even in the cache.
	value T
	// at is the time of the response.
	at time.Time
	// err is the error of the call. If it is set, value is from the cache.
	err error
}

// read calls all services concurrently.
func (r *reader) read(ctx context.Context, s State) responses {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	var all responses
	var group sync.WaitGroup
	group.Go(func() {
		all.accounts = fetch(ctx, r.cache, r.accounts.ListAccounts,
			&accountsv1.ListAccountsRequest{PageSize: maxPageSize, OrderBy: "display_name"})
	})
	group.Go(func() {
		all.instances = fetch(ctx, r.cache, r.inventory.ListInstances, s.request())
	})
	group.Go(func() {
		all.counts = fetch(ctx, r.cache, r.inventory.AggregateInstances,
			&inventoryv1.AggregateInstancesRequest{GroupBy: groupBy})
	})
	group.Go(func() {
		all.scopes = fetch(ctx, r.cache, r.inventory.ListScopes,
			&inventoryv1.ListScopesRequest{PageSize: maxPageSize, Filter: `unreachable`})
	})
	group.Go(func() {
		all.runs = fetch(ctx, r.cache, r.discovery.ListSyncRuns,
			&discoveryv1.ListSyncRunsRequest{PageSize: maxPageSize, Filter: "state = RUNNING"})
	})
	group.Wait()
	return all
}

// request returns the request for the instances of the page.
func (s State) request() *inventoryv1.ListInstancesRequest {
	order := s.Order
	if order == "" {
		order = defaultOrder
	}
	return &inventoryv1.ListInstancesRequest{
		Filter: s.Filter, OrderBy: order, PageSize: pageSize, PageToken: s.token, ShowGone: s.Gone,
	}
}

// fetch calls a service. If it is unavailable, fetch returns the last response to the same request
// from the cache.
func fetch[Q, A proto.Message, O any](ctx context.Context, cache *responseCache, call func(context.Context, Q, ...O) (A, error), request Q) response[A] {
	key := string(request.ProtoReflect().Descriptor().FullName())
	if encoded, err := (proto.MarshalOptions{Deterministic: true}).Marshal(request); err == nil {
		key += string(encoded)
	}
	value, err := call(ctx, request)
	if err == nil {
		at := time.Now()
		cache.put(key, cachedResponse{value: value, at: at})
		return response[A]{value: value, at: at}
	}
	if isUnavailable(err) {
		if last, ok := cache.get(key); ok {
			return response[A]{value: last.value.(A), at: last.at, err: err}
		}
	}
	return response[A]{err: err}
}

// isUnavailable reports whether an error means that the service did not respond.
func isUnavailable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded:
		return true
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// responseCache has the newest responses, up to a maximum number. It is safe for concurrent use.
type responseCache struct {
	mu    sync.Mutex
	size  int
	byKey map[string]cachedResponse
}

type cachedResponse struct {
	value proto.Message
	at    time.Time
}

func newResponseCache(size int) *responseCache {
	return &responseCache{size: size, byKey: map[string]cachedResponse{}}
}

func (c *responseCache) get(key string) (cachedResponse, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.byKey[key]
	return r, ok
}

// put adds a response and removes the oldest one if the cache is full.
func (c *responseCache) put(key string, r cachedResponse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byKey[key] = r
	if len(c.byKey) <= c.size {
		return
	}
	oldest := key
	for k, other := range c.byKey {
		if other.at.Before(c.byKey[oldest].at) {
			oldest = k
		}
	}
	delete(c.byKey, oldest)
}
