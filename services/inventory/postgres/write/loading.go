package write

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
	"github.com/rollcall-dev/rollcall/services/inventory/ingest"
	"github.com/rollcall-dev/rollcall/services/inventory/postgres"
)

const loadStoredSQL = `
	SELECT uid, fence, content_hash FROM instances WHERE scope = $1 AND gone_time IS NULL`

// loading reads the instances that are stored alive in a scope, while the listing arrives. It begins
// after the claim: from then on, only newer observations of single instances write into the scope.
type loading struct {
	pages  chan loadedPage
	cancel context.CancelFunc
	err    error
}

// loadedPage has some of the instances, or the error that ended the loading.
type loadedPage struct {
	instances []inventory.StoredInstance
	err       error
}

// loadingPage is the number of instances that are handed over at a time.
const loadingPage = 1000

// Load begins to read a scope.
func (s *Store) Load(ctx context.Context, claim ingest.Claim) ingest.Loading {
	ctx, cancel := context.WithCancel(ctx)
	l := &loading{pages: make(chan loadedPage, claim.Stored/loadingPage+1), cancel: cancel}
	go func() {
		defer close(l.pages)
		rest := l.read(ctx, s, claim.Scope)
		select {
		case l.pages <- rest:
		case <-ctx.Done():
		}
	}()
	return l
}

// read hands over pages of instances, and returns the last one. It never waits for its reader, because a
// slow provider must not keep a connection busy.
func (l *loading) read(ctx context.Context, s *Store, scope uuid.UUID) (page loadedPage) {
	rows, err := s.db.Pool.Query(ctx, loadStoredSQL, scope)
	if err != nil {
		return loadedPage{err: kit.Fault(err)}
	}
	page.instances = make([]inventory.StoredInstance, 0, loadingPage)
	err = eachStored(rows, func(uid uuid.UUID, stored inventory.Stored) {
		page.instances = append(page.instances, inventory.StoredInstance{UID: uid, Stored: stored})
		if len(page.instances) < loadingPage {
			return
		}
		select {
		case l.pages <- page:
			page.instances = make([]inventory.StoredInstance, 0, loadingPage)
		default: // there are more than expected: the page grows
		}
	})
	page.err = kit.Fault(err)
	return page
}

// Next returns some more instances.
func (l *loading) Next() []inventory.StoredInstance {
	page := <-l.pages
	if page.err != nil {
		l.err = page.err
	}
	return page.instances
}

// Err returns why not all instances could be read.
func (l *loading) Err() error { return l.err }

// Close ends the loading, and waits for its end.
func (l *loading) Close() {
	l.cancel()
	for range l.pages {
	}
}

// eachStored reads rows of uid, fence and content_hash.
func eachStored(rows pgx.Rows, take func(uuid.UUID, inventory.Stored)) error {
	return postgres.EachRow(rows, func(raw [][]byte) error {
		take(uuid.UUID(raw[0]), inventory.Stored{Fence: postgres.ReadInt8(raw[1]), Hash: inventory.Hash(raw[2])})
		return nil
	})
}
