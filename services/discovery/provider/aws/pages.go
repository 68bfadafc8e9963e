package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/discovery/provider/providerkit"
)

// listing is a list that AWS returns page by page.
type listing[Page any] struct {
	session *session
	at      call
	calls   provider.Calls
	// read reads the page of a token, and the first one for nil. next returns the token of the page
	// after it.
	read func(ctx context.Context, token *string) (Page, error)
	next func(Page) *string
	// pass receives a page.
	pass func(context.Context, Page) error
}

// all reads the listing to its end.
func (l *listing[Page]) all(ctx context.Context) error {
	return providerkit.EachPage(l.at.String(), func(token string) (string, error) { return l.page(ctx, token) })
}

// page reads one page and returns the token of the next. The page keeps its place in the gate until
// it was passed on.
func (l *listing[Page]) page(ctx context.Context, token string) (string, error) {
	placed, place := l.session.provider.gate.place(ctx)
	defer place.leave()
	var from *string
	if token != "" {
		from = &token
	}
	page, err := attempt(placed, l.session.provider.config.CallLimit, l.calls, l.session.failures(l.at), func(ctx context.Context) (Page, error) {
		return l.read(ctx, from)
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(l.next(page)), l.pass(ctx, page)
}
