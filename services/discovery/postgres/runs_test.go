package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// Old runs are deleted, and those beyond a number. The newest run of an account and running
// ones stay.
func TestPrune(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	for _, account := range []string{"busy", "quiet"} {
		for range 5 {
			conclude(t, s, claim(t, s, account), 0)
		}
	}
	claim(t, s, "busy")
	exec(t, pool, `UPDATE sync_runs SET end_time = now() - interval '1 year' WHERE account = 'quiet'`)
	pruned, err := s.Prune(t.Context(), 24*time.Hour, 3)
	if err != nil || pruned != 3+4 {
		t.Errorf("pruned %d (%v), want 3 of the busy one and 4 of the quiet one", pruned, err)
	}
	for account, want := range map[string]int{"busy": 3, "quiet": 1} {
		runs, _, err := s.Runs(t.Context(), "account = "+account, "", 100)
		if err != nil || len(runs) != want {
			t.Errorf("%s has %d runs (%v), want %d", account, len(runs), err, want)
		}
	}
}

// Pages of runs are consistent, newest first.
func TestRuns(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	var want []string
	for range 7 {
		c := claim(t, s, "a")
		conclude(t, s, c, 0)
		want = append([]string{c.Run}, want...)
	}
	for _, size := range []int{1, 3, 7, 100} {
		var got []string
		for token := ""; ; {
			runs, next, err := s.Runs(t.Context(), `account = "accounts/a" AND state = SUCCEEDED`, token, size)
			if err != nil {
				t.Fatal(err)
			}
			for _, run := range runs {
				got = append(got, run.ID)
			}
			if token = next; token == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %v, want %v", size, got, want)
		}
	}
	for _, bad := range []struct{ filter, token string }{{"nonsense = 1", ""}, {"", "damaged"}} {
		if _, _, err := s.Runs(t.Context(), bad.filter, bad.token, 10); fault.KindOf(err) != fault.KindInvalidArgument {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
