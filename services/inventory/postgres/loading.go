package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	kit "github.com/rollcall-dev/rollcall/services/internal/postgres"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

const loadHeldSQL = `
	SELECT uid, fence, content_hash FROM instances WHERE scope = $1 AND gone_time IS NULL`

// loading reads what is held alive in a scope, while the listing comes in. It
// begins after the claim: from then on only newer observations of single instances
// write into the scope.
type loading struct {
	pages  chan loaded
	cancel context.CancelFunc
	// err is why not all could be read, once next has come to it.
	err error
}

// loaded are some of the rows, or why there are no more.
type loaded struct {
	rows []inventory.Holding
	err  error
}

// loadingPage is how many rows are handed over at a time.
const loadingPage = 1000

// load begins to read a scope that holds about so many instances.
func (s *Store) load(ctx context.Context, scope uuid.UUID, size int64) *loading {
	ctx, cancel := context.WithCancel(ctx)
	l := &loading{pages: make(chan loaded, size/loadingPage+1), cancel: cancel}
	go func() {
		defer close(l.pages)
		rest := l.read(ctx, s, scope)
		select {
		case l.pages <- rest:
		case <-ctx.Done():
		}
	}()
	return l
}

// read hands over pages of rows, and returns the last one. It waits for nobody: a
// cloud that is slow must not keep a connection busy.
func (l *loading) read(ctx context.Context, s *Store, scope uuid.UUID) (page loaded) {
	rows, err := s.pool.Query(ctx, loadHeldSQL, scope)
	if err != nil {
		return loaded{err: kit.Fault(err)}
	}
	page.rows = make([]inventory.Holding, 0, loadingPage)
	err = eachHeld(rows, func(uid uuid.UUID, held inventory.Held) {
		page.rows = append(page.rows, inventory.Holding{UID: uid, Held: held})
		if len(page.rows) < loadingPage {
			return
		}
		select {
		case l.pages <- page:
			page.rows = make([]inventory.Holding, 0, loadingPage)
		default: // There are more than expected: the page grows.
		}
	})
	page.err = kit.Fault(err)
	return page
}

// next are more of the rows; none: there are no more, or err says why not.
func (l *loading) next() []inventory.Holding {
	page := <-l.pages
	if page.err != nil {
		l.err = page.err
	}
	return page.rows
}

// close ends the reading, and waits for its end.
func (l *loading) close() {
	l.cancel()
	for range l.pages {
	}
}

// eachHeld reads rows of uid, fence and hash.
func eachHeld(rows pgx.Rows, take func(uuid.UUID, inventory.Held)) error {
	return eachRow(rows, func(raw [][]byte) error {
		take(uuid.UUID(raw[0]), inventory.Held{Fence: readInt8(raw[1]), Hash: inventory.Hash(raw[2])})
		return nil
	})
}
