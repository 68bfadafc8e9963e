package accounts_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-dev/rollcall/services/accounts"
	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// epoch is when the histories in these tests begin.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// drawReport is any report on one of a few runs, whose tokens and ids go
// together as discovery's do.
func drawReport(t *rapid.T, now time.Time) accounts.Report {
	token := rapid.Int64Range(1, 6).Draw(t, "token")
	return accounts.Report{Token: token, Run: fmt.Sprintf("run-%d", token), News: drawNews(t, now)}
}

func drawNews(t *rapid.T, now time.Time) accounts.News {
	switch rapid.SampledFrom([]string{"syncing", "finished", "abandoned"}).Draw(t, "news") {
	case "syncing":
		return accounts.Syncing{Lease: time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "lease"))}
	case "abandoned":
		return accounts.Abandoned{}
	}
	// Reporters' clocks may be wrong by an hour.
	return drawFinished(t, now.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "end"))))
}

func drawFinished(t *rapid.T, end time.Time) accounts.Finished {
	finished := accounts.Finished{
		Outcome: rapid.SampledFrom([]accounts.Status{accounts.Connected, accounts.Degraded, accounts.Failed}).Draw(t, "outcome"),
		EndTime: end,
	}
	if finished.Outcome != accounts.Connected {
		finished.Reason, finished.Error = "THROTTLED", rapid.StringMatching("[a-z]{0,3}").Draw(t, "error")
	}
	return finished
}

// model computes the expected connection from the accepted reports, without the code under test.
type model struct {
	last      accounts.Finished // of the finished run with the largest token
	finished  bool
	largest   int64 // token of any report taken
	ended     bool  // the run with the largest token has
	leaseEnds time.Time
}

func (m *model) take(report accounts.Report, now time.Time) {
	m.largest = report.Token
	switch news := report.News.(type) {
	case accounts.Syncing:
		m.ended, m.leaseEnds = false, now.Add(news.Lease)
	case accounts.Finished:
		m.ended, m.last, m.finished = true, news, true
	case accounts.Abandoned:
		m.ended = true
	}
}

func (m *model) status(now time.Time) accounts.Status {
	switch {
	case m.largest > 0 && !m.ended && now.Before(m.leaseEnds):
		return accounts.SyncRunning
	case m.finished:
		return m.last.Outcome
	}
	return accounts.Unknown
}

// TestConnectionState_AnyReports holds the state machine to its promises while
// reports of several runs come in any order, late, twice and contradictory.
func TestConnectionState_AnyReports(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			state accounts.ConnectionState
			want  model
			now   = epoch
		)
		for range rapid.IntRange(1, 30).Draw(t, "reports") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "pause")))
			report := drawReport(t, now)
			before := state
			after, err := state.Apply(report, now)
			checkStep(t, before, after, report, err, now)
			state = after
			if err == nil && after != before {
				want.take(report, now)
			}
			if got := state.At(now).Status; got != want.status(now) {
				t.Fatalf("status is %s, want %s", got, want.status(now))
			}
			later := now.Add(time.Minute)
			if got := state.At(later).Status; got == accounts.SyncRunning {
				t.Fatalf("still SYNCING after the longest lease: %+v", state)
			}
		}
	})
}

func checkStep(t *rapid.T, before, after accounts.ConnectionState, report accounts.Report, err error, now time.Time) {
	if after.Token < before.Token {
		t.Fatalf("the fence went back from %d to %d", before.Token, after.Token)
	}
	if report.Token > before.Token && err != nil {
		t.Fatalf("news of a later run was refused: %v", err)
	}
	if report.Token < before.Token && err == nil {
		t.Fatal("news of an earlier run was taken")
	}
	if err != nil && (after != before || fault.ReasonOf(err) != fault.ReasonStaleReport || fault.KindOf(err) != fault.KindAborted) {
		t.Fatalf("refused with %v, and %+v became %+v", err, before, after)
	}
	if after.LastSyncTime.Before(before.LastSyncTime) || after.LastSyncTime.After(now) {
		t.Fatalf("the last sync time went from %v to %v at %v", before.LastSyncTime, after.LastSyncTime, now)
	}
	if after.LastSuccessTime.After(after.LastSyncTime) {
		t.Fatalf("the last success is at %v, after the last sync at %v", after.LastSuccessTime, after.LastSyncTime)
	}
	if err == nil && !isSyncing(report) {
		if again, err := after.Apply(report, now); err != nil || again != after {
			t.Fatalf("said twice: %v, and %+v became %+v", err, after, again)
		}
	}
}

func isSyncing(report accounts.Report) bool {
	_, ok := report.News.(accounts.Syncing)
	return ok
}

// TestConnectionState_LatestRunWins delivers the reports of several runs in any order: what is
// seen in the end is the outcome of the latest.
func TestConnectionState_LatestRunWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runs := rapid.IntRange(1, 5).Draw(t, "runs")
		var reports []accounts.Report
		outcomes := map[int64]accounts.Finished{}
		for token := int64(1); token <= int64(runs); token++ {
			run := fmt.Sprintf("run-%d", token)
			outcomes[token] = drawFinished(t, epoch)
			reports = append(reports,
				accounts.Report{Token: token, Run: run, News: accounts.Syncing{Lease: time.Minute}},
				accounts.Report{Token: token, Run: run, News: outcomes[token]})
		}
		var state accounts.ConnectionState
		for _, report := range rapid.Permutation(reports).Draw(t, "order") {
			state, _ = state.Apply(report, epoch)
		}
		last := outcomes[int64(runs)]
		seen := state.At(epoch)
		if seen.Status != last.Outcome || seen.LastError != last.Error || seen.SyncRun != fmt.Sprintf("run-%d", runs) {
			t.Fatalf("seen %+v, want %+v of run %d", seen, last, runs)
		}
	})
}

func TestConnectionState_RepeatedReport(t *testing.T) {
	report := accounts.Report{Token: 7, Run: "r", News: accounts.Finished{
		Outcome: accounts.Failed, Reason: "UNREACHABLE", Error: "nul \x00 in it", EndTime: epoch,
	}}
	state, err := accounts.ConnectionState{}.Apply(report, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if state.LastError != "nul \uFFFD in it" {
		t.Errorf("stored %q", state.LastError)
	}
	again, err := state.Apply(report, epoch.Add(time.Second))
	if err != nil || again != state {
		t.Errorf("said twice: %v, %+v", err, again)
	}
	report.News = accounts.Finished{Outcome: accounts.Connected, EndTime: epoch}
	if _, err := state.Apply(report, epoch); fault.ReasonOf(err) != fault.ReasonStaleReport {
		t.Errorf("another outcome of the same run: %v", err)
	}
	report.News = accounts.Abandoned{}
	if after, err := state.Apply(report, epoch); err != nil || after != state {
		t.Errorf("abandoned after its end: %v, %+v", err, after)
	}
}
