package main

import (
	"slices"
	"testing"
	"testing/fstest"
)

func TestCheck(t *testing.T) {
	tree := fstest.MapFS{
		"docs/adr/0001-a.md":    {},
		"services/a/b.go":       {},
		"docs/how.md":           {},
		"scripts/check-modules": {},
	}
	const text = "See [one](adr/0001-a.md#why), [two](adr/0002-b.md), [web](https://example.com) and [here](#x).\n" +
		"`services/a/b.go`, `services/a/`, `services/c`, `scripts/check-modules`, `instances/x`, `make run`, `make nothing X=1`.\n"
	want := []string{"the link adr/0002-b.md leads nowhere", "there is no services/c", "the Makefile has no target nothing"}
	if got := check(tree, "docs/how.md", text, "\nrun: go\n"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
