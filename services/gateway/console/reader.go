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
	// readLimit is how long a service may take before the page shows what it
	// last said.
	readLimit = 5 * time.Second
	// rememberMost is how many answers are kept for when their service is away.
	rememberMost = 64
	// most is the largest page the services give.
	most = 1000
	// defaultOrder keeps the rows in their places while the page renews itself.
	defaultOrder = "display_name"
)

// groupBy are the fields that the page counts by, in this order.
var groupBy = []string{"state", "kind", "account", "location.region"}

// reader asks the services for what a page needs.
type reader struct {
	accounts  accountsv1.AccountServiceClient
	inventory inventoryv1.InventoryServiceClient
	discovery discoveryv1.DiscoveryServiceClient
	memory    *memory
}

func newReader(up gateway.Upstreams) *reader {
	return &reader{
		accounts:  accountsv1.NewAccountServiceClient(up.Accounts),
		inventory: inventoryv1.NewInventoryServiceClient(up.Inventory),
		discovery: discoveryv1.NewDiscoveryServiceClient(up.Discovery),
		memory:    newMemory(rememberMost),
	}
}

// answers are what the services said, each for itself.
type answers struct {
	accounts  answer[*accountsv1.ListAccountsResponse]
	instances answer[*inventoryv1.ListInstancesResponse]
	counts    answer[*inventoryv1.AggregateInstancesResponse]
	scopes    answer[*inventoryv1.ListScopesResponse]
	runs      answer[*discoveryv1.ListSyncRunsResponse]
}

// answer is one answer, or the last one before its service went away.
type answer[T proto.Message] struct {
	// value is the answer; nil when there never was one.
	value T
	// at is when it was given.
	at time.Time
	// err is why there is none from now: value then is from before, if set.
	err error
}

// read asks all services at once.
func (r *reader) read(ctx context.Context, s State) answers {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	var all answers
	var group sync.WaitGroup
	group.Go(func() {
		all.accounts = ask(ctx, r.memory, r.accounts.ListAccounts,
			&accountsv1.ListAccountsRequest{PageSize: most, OrderBy: "display_name"})
	})
	group.Go(func() {
		all.instances = ask(ctx, r.memory, r.inventory.ListInstances, s.request())
	})
	group.Go(func() {
		all.counts = ask(ctx, r.memory, r.inventory.AggregateInstances,
			&inventoryv1.AggregateInstancesRequest{GroupBy: groupBy})
	})
	group.Go(func() {
		all.scopes = ask(ctx, r.memory, r.inventory.ListScopes,
			&inventoryv1.ListScopesRequest{PageSize: most, Filter: `unreachable`})
	})
	group.Go(func() {
		all.runs = ask(ctx, r.memory, r.discovery.ListSyncRuns,
			&discoveryv1.ListSyncRunsRequest{PageSize: most, Filter: "state = RUNNING"})
	})
	group.Wait()
	return all
}

// request asks for the instances of the page.
func (s State) request() *inventoryv1.ListInstancesRequest {
	order := s.Order
	if order == "" {
		order = defaultOrder
	}
	return &inventoryv1.ListInstancesRequest{
		Filter: s.Filter, OrderBy: order, PageSize: pageSize, PageToken: s.token, ShowGone: s.Gone,
	}
}

// ask calls a service. When it is away, the last answer to the same request
// stands in.
func ask[Q, A proto.Message, O any](ctx context.Context, m *memory, call func(context.Context, Q, ...O) (A, error), request Q) answer[A] {
	key := string(request.ProtoReflect().Descriptor().FullName())
	if encoded, err := (proto.MarshalOptions{Deterministic: true}).Marshal(request); err == nil {
		key += string(encoded)
	}
	value, err := call(ctx, request)
	if err == nil {
		at := time.Now()
		m.keep(key, remembered{value: value, at: at})
		return answer[A]{value: value, at: at}
	}
	if away(err) {
		if last, ok := m.get(key); ok {
			return answer[A]{value: last.value.(A), at: last.at, err: err}
		}
	}
	return answer[A]{err: err}
}

// away tells an error of a service that does not answer from one that it
// answered with.
func away(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded:
		return true
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// memory keeps the last answers, the newest so many. It is safe for concurrent
// use.
type memory struct {
	mu    sync.Mutex
	most  int
	byKey map[string]remembered
}

type remembered struct {
	value proto.Message
	at    time.Time
}

func newMemory(most int) *memory {
	return &memory{most: most, byKey: map[string]remembered{}}
}

func (m *memory) get(key string) (remembered, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.byKey[key]
	return r, ok
}

// keep remembers an answer, and forgets the oldest one beyond the limit.
func (m *memory) keep(key string, r remembered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.byKey[key] = r
	if len(m.byKey) <= m.most {
		return
	}
	oldest := key
	for k, other := range m.byKey {
		if other.at.Before(m.byKey[oldest].at) {
			oldest = k
		}
	}
	delete(m.byKey, oldest)
}
