package postgres_test

import (
	"context"
	"testing"

	"github.com/rollcall-dev/rollcall/services/inventory"
)

// A retired scope that was never observed leaves the inventory. Any other one stays.
func TestFailScope_Retired(t *testing.T) {
	t.Parallel()
	type step func(*testing.T, *store, int64)
	failed := func(reason string) step {
		return func(t *testing.T, s *store, fence int64) {
			t.Helper()
			if err := s.ingest.Fail(t.Context(), observation("aws-1", "eu-west-9", fence), inventory.Failure{Reason: reason}); err != nil {
				t.Fatal(err)
			}
		}
	}
	observed := func(machines ...inventory.Instance) step {
		return func(t *testing.T, s *store, fence int64) {
			t.Helper()
			apply(t, s, observation("aws-1", "eu-west-9", fence), machines...)
		}
	}
	looked := func(t *testing.T, s *store, fence int64) {
		t.Helper()
		if _, err := s.ingest.Upsert(t.Context(), observation("aws-1", "eu-west-9", fence), machine("eu-west-9", 1)); err != nil {
			t.Fatal(err)
		}
	}
	begun := func(t *testing.T, s *store, fence int64) {
		t.Helper()
		ctx := context.WithoutCancel(t.Context())
		snapshot, err := s.ingest.Begin(ctx, observation("aws-1", "eu-west-9", fence+100))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := finish(ctx, s, snapshot, 0); err != nil {
				t.Error(err)
			}
			if err := snapshot.Close(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	for name, c := range map[string]struct {
		steps []step
		stays bool
	}{
		"never tried":             {steps: nil},
		"never seen":              {steps: []step{failed("API_DISABLED")}},
		"given up before":         {steps: []step{failed("API_DISABLED"), failed("RETIRED")}},
		"seen empty":              {steps: []step{observed()}, stays: true},
		"seen":                    {steps: []step{observed(machine("eu-west-9", 1))}, stays: true},
		"seen, and failed since":  {steps: []step{observed(), failed("API_DISABLED")}, stays: true},
		"one in it was looked at": {steps: []step{failed("API_DISABLED"), looked}, stays: true},
		"someone reads it now":    {steps: []step{failed("API_DISABLED"), begun}, stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, _ := open(t)
			for n, step := range append(c.steps, failed(inventory.ReasonRetired)) {
				step(t, store, int64(n)+1)
			}
			page, err := store.ListScopes(t.Context(), inventory.ScopesRequest{PageSize: 9})
			if err != nil {
				t.Fatal(err)
			}
			if stays := len(page.Scopes) == 1; stays != c.stays {
				t.Fatalf("the scopes are %+v", page.Scopes)
			}
			if c.stays && page.Scopes[0].LastErrorReason != inventory.ReasonRetired {
				t.Errorf("it is %+v", page.Scopes[0])
			}
		})
	}
}

// A failure from before a scope was retired is ignored.
func TestFailScope_OlderThanRetirement(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	obs := observation("aws-1", "eu-west-9", 2)
	if err := store.ingest.Fail(t.Context(), obs, inventory.Failure{Reason: "THROTTLED"}); err != nil {
		t.Fatal(err)
	}
	if err := store.ingest.Fail(t.Context(), observation("aws-1", "eu-west-9", 1), inventory.Failure{Reason: inventory.ReasonRetired}); err == nil {
		t.Error("an older failure removed it from the inventory")
	}
	page, err := store.ListScopes(t.Context(), inventory.ScopesRequest{PageSize: 9})
	if err != nil || len(page.Scopes) != 1 || page.Scopes[0].LastErrorReason != "THROTTLED" {
		t.Errorf("the scopes are %+v, %v", page.Scopes, err)
	}
}
