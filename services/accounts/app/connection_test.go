package app_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	accountsv1 "github.com/rollcall-dev/rollcall/gen/rollcall/accounts/v1"
	commonv1 "github.com/rollcall-dev/rollcall/gen/rollcall/common/v1"
)

type (
	report  = accountsv1.UpdateConnectionStatusRequest
	outcome = accountsv1.UpdateConnectionStatusRequest_Outcome
)

// runName returns the run with this fencing token.
func runName(token int64) string { return "syncRuns/run-" + strings.Repeat("i", int(token)) }

func syncing(account string, token int64, lease time.Duration) *report {
	return &report{Account: account, FencingToken: token, SyncRun: runName(token), Report: &accountsv1.UpdateConnectionStatusRequest_Syncing_{
		Syncing: &accountsv1.UpdateConnectionStatusRequest_Syncing{Lease: durationpb.New(lease)},
	}}
}

func finished(account string, token int64, what *outcome) *report {
	return &report{Account: account, FencingToken: token, SyncRun: runName(token), Report: &accountsv1.UpdateConnectionStatusRequest_Outcome_{
		Outcome: what,
	}}
}

func abandoned(account string, token int64) *report {
	return &report{Account: account, FencingToken: token, SyncRun: runName(token), Report: &accountsv1.UpdateConnectionStatusRequest_Abandoned_{
		Abandoned: &accountsv1.UpdateConnectionStatusRequest_Abandoned{},
	}}
}

func connected(end time.Time) *outcome {
	return &outcome{Status: accountsv1.Connection_CONNECTED, EndTime: timestamppb.New(end)}
}

func failed(end time.Time) *outcome {
	return &outcome{
		Status: accountsv1.Connection_FAILED, Reason: commonv1.ErrorReason_CREDENTIALS_EXPIRED,
		Error: "ExpiredToken: the token is 3 h old", Remedy: "Sign in again.", EndTime: timestamppb.New(end),
	}
}

// take sends a report that must be accepted, and compares the response with what a reader sees
// afterwards.
func (s *service) take(t *testing.T, r *report) *accountsv1.Connection {
	t.Helper()
	answer, err := s.connections.UpdateConnectionStatus(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if seen := s.get(t, r.GetAccount()).GetConnection(); !proto.Equal(seen, answer) {
		t.Fatalf("the answer was %v, and a reader sees %v", answer, seen)
	}
	return answer
}

func wantConnection(t *testing.T, got, want *accountsv1.Connection) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Fatalf("the connection is %v\nwant %v", got, want)
	}
}

func TestConnection_Lifecycle(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, aws("100000000001")).GetName()
	first := time.Now().Add(-time.Hour).Truncate(time.Microsecond)
	second := first.Add(time.Minute)
	reason := commonv1.ErrorReason_CREDENTIALS_EXPIRED

	got := s.take(t, syncing(account, 1, time.Minute))
	wantConnection(t, got, &accountsv1.Connection{Status: accountsv1.Connection_SYNCING, SyncRun: runName(1)})

	got = s.take(t, finished(account, 1, connected(first)))
	good := &accountsv1.Connection{
		Status: accountsv1.Connection_CONNECTED, SyncRun: runName(1),
		LastSyncTime: timestamppb.New(first), LastSuccessTime: timestamppb.New(first),
	}
	wantConnection(t, got, good)

	got = s.take(t, syncing(account, 2, time.Minute))
	again := proto.CloneOf(good)
	again.Status, again.SyncRun = accountsv1.Connection_SYNCING, runName(2)
	wantConnection(t, got, again)

	wantConnection(t, s.take(t, abandoned(account, 2)), good)

	got = s.take(t, finished(account, 3, failed(second)))
	wantConnection(t, got, &accountsv1.Connection{
		Status: accountsv1.Connection_FAILED, SyncRun: runName(3), Reason: &reason,
		LastError: "ExpiredToken: the token is 3 h old", Remedy: "Sign in again.",
		LastSyncTime: timestamppb.New(second), LastSuccessTime: timestamppb.New(first),
	})

	if account := s.get(t, account); !proto.Equal(account.GetCreateTime(), account.GetUpdateTime()) {
		t.Errorf("reports moved the update time from %v to %v", account.GetCreateTime(), account.GetUpdateTime())
	}
}

func TestConnection_LeaseExpires(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, aws("100000000001")).GetName()
	end := time.Now().Add(-time.Hour)
	s.take(t, finished(account, 1, failed(end)))
	// A lease so short that it is over when the next call reads it.
	if _, err := s.connections.UpdateConnectionStatus(t.Context(), syncing(account, 2, time.Microsecond)); err != nil {
		t.Fatal(err)
	}
	seen := s.get(t, account).GetConnection()
	if seen.GetStatus() != accountsv1.Connection_FAILED || seen.GetSyncRun() != runName(1) {
		t.Errorf("after the worker died: %v", seen)
	}
	found := s.list(t, &accountsv1.ListAccountsRequest{Filter: "connection.status = FAILED"})
	if found.GetTotalSize() != 1 {
		t.Errorf("the filter finds %d failed accounts", found.GetTotalSize())
	}
	// The worker was slow, not dead: it takes its lease up again.
	if got := s.take(t, syncing(account, 2, time.Minute)); got.GetStatus() != accountsv1.Connection_SYNCING {
		t.Errorf("renewed: %v", got)
	}
}

func TestConnection_StaleReports(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, aws("100000000001")).GetName()
	end := time.Now().Add(-time.Minute)
	s.take(t, syncing(account, 4, time.Minute))
	s.take(t, syncing(account, 5, time.Minute))
	want := s.take(t, finished(account, 5, connected(end)))
	for name, r := range map[string]*report{
		"an earlier run's lease":      syncing(account, 4, time.Minute),
		"an earlier run's outcome":    finished(account, 4, failed(end)),
		"an earlier run's end":        abandoned(account, 4),
		"the ended run's lease":       syncing(account, 5, time.Minute),
		"the ended run's other story": finished(account, 5, failed(end)),
	} {
		_, err := s.connections.UpdateConnectionStatus(t.Context(), r)
		if refusal := wantRefusal(t, err, codes.Aborted, "STALE_REPORT"); refusal.message == "" {
			t.Errorf("%s: no message", name)
		}
		wantConnection(t, s.get(t, account).GetConnection(), want)
	}
	wantConnection(t, s.take(t, finished(account, 5, connected(end))), want) // its answer was lost
	wantConnection(t, s.take(t, abandoned(account, 5)), want)
}

func TestConnection_InvalidReports(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, aws("100000000001")).GetName()
	end := timestamppb.Now()
	for name, c := range map[string]struct {
		report *report
		field  string
	}{
		"no report":        {&report{Account: account, FencingToken: 1}, "report"},
		"no token":         {syncing(account, 0, time.Minute), "fencing_token"},
		"no lease":         {syncing(account, 1, 0), "syncing.lease"},
		"endless lease":    {syncing(account, 1, time.Hour), "syncing.lease"},
		"SYNCING ended":    {finished(account, 1, &outcome{Status: accountsv1.Connection_SYNCING, EndTime: end}), "outcome.status"},
		"no end":           {finished(account, 1, &outcome{Status: accountsv1.Connection_CONNECTED}), "outcome.end_time"},
		"year 1":           {finished(account, 1, connected(time.Time{})), "outcome.end_time"},
		"long ago":         {finished(account, 1, &outcome{Status: accountsv1.Connection_CONNECTED, EndTime: &timestamppb.Timestamp{Seconds: -1 << 60}}), "outcome.end_time"},
		"failed, no why":   {finished(account, 1, &outcome{Status: accountsv1.Connection_FAILED, EndTime: end}), "outcome.reason"},
		"degraded, no why": {finished(account, 1, &outcome{Status: accountsv1.Connection_DEGRADED, EndTime: end}), "outcome.reason"},
		"fine, with why":   {finished(account, 1, &outcome{Status: accountsv1.Connection_CONNECTED, EndTime: end, Reason: 1}), "outcome.reason"},
		"unknown reason":   {finished(account, 1, &outcome{Status: accountsv1.Connection_FAILED, EndTime: end, Reason: 99}), "outcome.reason"},
		"no run's name":    {&report{Account: account, FencingToken: 1, SyncRun: "r", Report: abandoned(account, 1).Report}, "sync_run"},
		"no account":       {syncing("accounts/A", 1, time.Minute), "account"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.connections.UpdateConnectionStatus(t.Context(), c.report)
			wantInvalid(t, err, c.field)
		})
	}
	if seen := s.get(t, account).GetConnection(); seen.GetStatus() != accountsv1.Connection_UNKNOWN {
		t.Errorf("the connection became %v", seen)
	}
}

func TestConnection_ErrorTexts(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, aws("100000000001")).GetName()
	what := failed(time.Now())
	what.Error = "<xml>\x00 “quoted” 🦊\r\n" + strings.Repeat("x", 8000)
	if got := s.take(t, finished(account, 1, what)); got.GetLastError() != strings.ReplaceAll(what.GetError(), "\x00", "\uFFFD") {
		t.Errorf("stored %q", got.GetLastError())
	}
}

func TestConnection_ClockOfReporter(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, aws("100000000001")).GetName()
	got := s.take(t, finished(account, 1, connected(time.Now().Add(24*time.Hour))))
	if end := got.GetLastSyncTime().AsTime(); end.After(time.Now().Add(time.Hour)) {
		t.Errorf("the last sync ends tomorrow: %v", end)
	}
	got = s.take(t, finished(account, 2, connected(time.Unix(1, 0))))
	if end := got.GetLastSyncTime().AsTime(); end.Year() < 2026 {
		t.Errorf("the last sync ended before the one before it: %v", end)
	}
}

// TestConnection_ConcurrentReports lets many runs report at once, as workers do that lost their
// lease: the outcome of the latest run stays.
func TestConnection_ConcurrentReports(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := s.create(t, aws("100000000001")).GetName()
	const runs = 12
	inParallel(runs, func(i int) {
		token := int64(i + 1)
		what := failed(time.Now())
		what.Error = runName(token)
		for _, r := range []*report{syncing(account, token, time.Minute), finished(account, token, what)} {
			if _, err := s.connections.UpdateConnectionStatus(t.Context(), r); err != nil && status.Code(err) != codes.Aborted {
				t.Error(err)
			}
		}
	})
	seen := s.get(t, account).GetConnection()
	if seen.GetStatus() != accountsv1.Connection_FAILED || seen.GetLastError() != runName(runs) || seen.GetSyncRun() != runName(runs) {
		t.Errorf("in the end: %v", seen)
	}
}
