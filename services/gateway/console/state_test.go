package console

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"
)

// parsed returns the state parsed from the URL of s.
func parsed(t *rapid.T, s State) State {
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	return ParseState(u.Query())
}

func TestState_URLRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := State{
			Filter:      rapid.StringMatching(`([!-~]([ -~äß€😀]{0,30}[!-~])?)?`).Draw(t, "filter"),
			Order:       rapid.SampledFrom([]string{"", "state", "change_time desc"}).Draw(t, "order"),
			Gone:        rapid.Bool().Draw(t, "gone"),
			AllAccounts: rapid.Bool().Draw(t, "accounts"),
		}
		tokens := rapid.SliceOfN(rapid.StringMatching(`[A-Za-z0-9_-]{1,8}`), 0, 2*maxBack).Draw(t, "tokens")
		var visited []State
		for _, token := range tokens {
			visited = append(visited, s)
			s = s.next(token)
		}
		if got := parsed(t, s); got.URL() != s.URL() || got.page != len(tokens) {
			t.Fatalf("%q became %q", s.URL(), got.URL())
		}
		// Go back page by page, as far as the URL remembers.
		for i := len(visited) - 1; i >= 0; i-- {
			s = parsed(t, s.previous())
			if i < len(tokens)-maxBack {
				if s.URL() != visited[0].URL() {
					t.Fatalf("beyond the pages in the URL, %q is not the first page", s.URL())
				}
				return
			}
			if s.token != visited[i].token || s.page != visited[i].page {
				t.Fatalf("page %d is %q, want %q", i, s.URL(), visited[i].URL())
			}
		}
	})
}

func TestState_OtherListsStartAtFirstPage(t *testing.T) {
	t.Parallel()
	s := State{Filter: "web"}.next("a").next("b")
	for _, other := range []State{s.filtered("db"), s.ordered("state"), s.withGone(true)} {
		if other.token != "" || other.page != 0 {
			t.Errorf("%q is not a first page", other.URL())
		}
	}
	if got := s.withAllAccounts(true); got.token != "b" {
		t.Errorf("%q is another page", got.URL())
	}
}
