package gcp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-dev/rollcall/services/discovery/provider"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// pagesByToken returns a fetch function for pages that lead to one another.
func pagesByToken(next map[string]string, fetched *[]string) func(context.Context, string) (string, string, error) {
	return func(_ context.Context, token string) (string, string, error) {
		*fetched = append(*fetched, token)
		return "page " + token, next[token], nil
	}
}

func TestEachPage(t *testing.T) {
	var fetched, used []string
	err := eachPage(t.Context(), call{service: "Compute Engine"}, pagesByToken(map[string]string{"": "a", "a": "b"}, &fetched), func(page string) error {
		used = append(used, page)
		return nil
	})
	if err != nil || !slices.Equal(used, []string{"page ", "page a", "page b"}) {
		t.Errorf("used %q, %v", used, err)
	}
}

func TestEachPage_RepeatedToken(t *testing.T) {
	for name, next := range map[string]map[string]string{
		"same page":   {"": "a", "a": "a"},
		"earlier one": {"": "a", "a": "b", "b": "a"},
	} {
		t.Run(name, func(t *testing.T) {
			var fetched []string
			err := eachPage(t.Context(), call{service: "Compute Engine", location: "europe-west1-b"}, pagesByToken(next, &fetched), func(string) error { return nil })
			failure := provider.FaultOf(err)
			if err == nil || failure.Reason != fault.ReasonInternal || !strings.Contains(failure.Message, "Compute Engine in europe-west1-b") {
				t.Errorf("got %v", err)
			}
			if len(fetched) != len(next) {
				t.Errorf("fetched %q", fetched)
			}
		})
	}
}

func TestEachPage_FetchFails(t *testing.T) {
	failed := errors.New("failed")
	uses := 0
	err := eachPage(t.Context(), call{}, func(_ context.Context, token string) (string, string, error) {
		if token == "a" {
			return "", "a", failed // The token of a failed page must not hide its error.
		}
		return "", "a", nil
	}, func(string) error { uses++; return nil })
	if !errors.Is(err, failed) || uses != 1 {
		t.Errorf("%v after %d pages", err, uses)
	}
}

func TestEachPage_UseFails(t *testing.T) {
	failed := errors.New("failed")
	ended := false
	err := eachPage(t.Context(), call{}, func(ctx context.Context, token string) (string, string, error) {
		if token == "a" {
			<-ctx.Done()
			ended = true
			return "", "", ctx.Err()
		}
		return "", "a", nil
	}, func(string) error { return failed })
	if !errors.Is(err, failed) || !ended {
		t.Errorf("%v; the fetch of the next page ended: %v", err, ended)
	}
}

func TestEachPage_Panic(t *testing.T) {
	defer func() {
		if p := recover(); p == nil || !strings.Contains(p.(string), "a defect") {
			t.Errorf("panicked with %v", p)
		}
	}()
	_ = eachPage(t.Context(), call{}, func(context.Context, string) (string, string, error) { panic("a defect") }, func(string) error { return nil })
}
