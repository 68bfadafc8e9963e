package aws

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

type uncounted struct{}

func (uncounted) Called(bool) {}

func TestListing(t *testing.T) {
	t.Parallel()
	errFull := errors.New("full")
	for name, test := range map[string]struct {
		// tokens has the next tokens of the pages. After the last one the list ends.
		tokens []string
		pass   error
		pages  int
		err    string
	}{
		"one_page":     {tokens: nil, pages: 1},
		"three_pages":  {tokens: []string{"a", "b"}, pages: 3},
		"token_loop":   {tokens: []string{"a", "b", "a", "b", "a", "b"}, pages: 3, err: "EC2 in eu-west-1 returned the same page token twice"},
		"sink_is_full": {tokens: []string{"a", "b"}, pass: errFull, pages: 1, err: "full"},
		"same_token":   {tokens: []string{"a", "a", "a"}, pages: 2, err: "same page token twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pages := 0
			list := listing[int]{
				session: &session{provider: &Provider{config: Config{CallLimit: time.Minute}, gate: newGate(1)}},
				at:      call{service: "EC2", region: "eu-west-1"}, calls: uncounted{},
				read: func(_ context.Context, token *string) (int, error) {
					if (token == nil) != (pages == 0) || token != nil && *token != test.tokens[pages-1] {
						t.Errorf("page %d was read with the token %v", pages, token)
					}
					pages++
					return pages, nil
				},
				next: func(page int) *string {
					if page > len(test.tokens) {
						return nil
					}
					return &test.tokens[page-1]
				},
				pass: func(context.Context, int) error { return test.pass },
			}
			err := list.all(t.Context())
			if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("got the error %v, want %q", err, test.err)
			}
			if pages != test.pages {
				t.Errorf("%d pages were read, want %d", pages, test.pages)
			}
			if test.err != "" && test.pass == nil && provider.FaultOf(err).Reason != fault.ReasonInternal {
				t.Errorf("the reason is %s", provider.FaultOf(err).Reason)
			}
			if !list.session.provider.gate.places.TryAcquire(1) {
				t.Error("the place in the gate was not given back")
			}
		})
	}
}
