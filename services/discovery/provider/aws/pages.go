package aws

import (
	"context"
	"hash/maphash"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
)

// listing is a list that AWS gives page by page.
type listing[Page any] struct {
	session *session
	at      call
	// calls counts the requests.
	calls provider.Calls
	// more tells whether there is another page, read gets it, and token is what
	// in it leads on.
	more  func() bool
	read  func(context.Context) (Page, error)
	token func(Page) *string
	// pass takes a page.
	pass func(context.Context, Page) error
}

// all reads the listing to its end.
func (l *listing[Page]) all(ctx context.Context) error {
	var tokens tokens
	for l.more() {
		if err := l.page(ctx, &tokens); err != nil {
			return err
		}
	}
	return nil
}

// page reads one page. It has its place in memory until it was passed on.
func (l *listing[Page]) page(ctx context.Context, tokens *tokens) error {
	placed, place := l.session.provider.gate.place(ctx)
	defer place.leave()
	page, err := attempt(placed, l.session.provider.config.CallLimit, l.calls, l.session.failures(l.at), l.read)
	if err != nil {
		return err
	}
	if err := tokens.next(l.at, l.token(page)); err != nil {
		return err
	}
	return l.pass(ctx, page)
}

// tokens are the page tokens of one listing. AWS never gives one twice; what
// does would be followed for ever.
type tokens struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

// next takes the token that leads on from a page, or none.
func (t *tokens) next(at call, token *string) error {
	if aws.ToString(token) == "" {
		return nil
	}
	if t.seen == nil {
		t.seed, t.seen = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	hash := maphash.String(t.seed, *token)
	if _, again := t.seen[hash]; again {
		return nonsense(at.String() + " goes in circles: it gave the same page token twice")
	}
	t.seen[hash] = struct{}{}
	return nil
}
